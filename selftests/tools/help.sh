# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts here read in the help and in the manual pages of the tools.

# -x and --long, each on a line.
options_of_help() {
	"$1" --help | grep -oE '^ +-[^ ]+( --[^ ]+)?' | grep -oE -- '--?[a-zA-Z?][a-z-]*' | sort -u
}

# ".Fl b , -batch" names -b and --batch.
options_of_page() {
	sed -n '/^\.Sh DESCRIPTION/,/^\.Sh FILES/p' "$1" | grep -E '^\.It Fl ' |
		sed 's/ Ns.*\(, Fl\)/ \1/g; s/Op =.*//' | grep -oE '(Fl|,)( Fl)? -?[a-zA-Z][a-z-]*' |
		sed -E 's/^(Fl|,)( Fl)? /-/' | sort -u
}

# What every program has need not be in a manual page.
own_options() { grep -vxE -- '-\?|--help|--usage|-V|--version'; }

# Titles of columns in files of tools/, and their names in CSV.
titles() { sed -nE 's/^\t\{ ("[a-z0-9_]+"|NULL), "([^"]+)".*/\2/p' "$@"; }
csv_names() { sed -nE 's/^\t\{ "([a-z0-9_]+)",.*/\1/p' "$@"; }
