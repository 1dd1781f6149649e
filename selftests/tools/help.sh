# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts here read in the help of dmasync-top.

# -x and --long, each on a line.
options_of_help() {
	"$1" --help | grep -oE '^ +-[^ ]+( --[^ ]+)?' | grep -oE -- '--?[a-zA-Z?][a-z-]*' | sort -u
}

# Titles of columns in files of tools/, and their names in CSV.
titles() { sed -nE 's/^\t\{ ("[a-z_]+"|NULL), "([^"]+)".*/\2/p' "$@"; }
csv_names() { sed -nE 's/^\t\{ "([a-z_]+)",.*/\1/p' "$@"; }
