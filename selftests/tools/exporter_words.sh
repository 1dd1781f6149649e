#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The options of dmasync-exporter are those of its manual page and its completion, the page has
# its metrics and no other ones, and its units are what systemd takes for units.
# shellcheck disable=SC2317 # functions are called by name

set -u
cd "$(dirname "$0")" || exit 2
. ../lib/tap.sh
. ./help.sh

tree=../..
page=$tree/docs/man/dmasync-exporter.8
exporter=${DMASYNC_EXPORTER:-$tree/build/tools/dmasync-exporter}
files=$tree/tools/completion

[ -x "$exporter" ] || tap_skip_all "no $exporter: make -C tools"
. "$files/dmasync-exporter.bash"

page_has_the_options() { diff <(options_of_help "$exporter" | own_options) <(options_of_page "$page"); }

metrics() {
	sed -nE 's/^\t(COUNTER|GAUGE|HISTOGRAM)\("([a-z_]+)".*/\1 \2/p' "$tree/tools/exporter/exporter_metrics.c" |
		sed -E 's/^COUNTER (.*)/\1_total/; s/^[A-Z]+ //' | sort
}

page_has_the_metrics() {
	diff <(metrics) <(sed -nE '/^\.Ss Metrics/,/^\.Ss Alerts/s/^\.It Va //p' "$page" | sed 's/ , /\n/g' | sort)
}

# What bash offers for these words, of which the last one is being typed.
bash_offers() {
	COMP_WORDS=(dmasync-exporter "$@") COMP_CWORD=$#
	_dmasync_exporter dmasync-exporter "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}" 2> /dev/null
	printf '%s\n' "${COMPREPLY[@]}"
}

# Do the options on standard input say what --help says?
same_options() {
	local help

	help=$(options_of_help "$exporter") && sed "s/=$//" | sort -u | diff <(echo "$help") -
}

fish_offers() {
	fish --no-config -c "source $files/dmasync-exporter.fish; complete -C 'dmasync-exporter $1'" | cut -f 1
}

# shellcheck disable=SC2016 # for zsh
zsh_says() { zsh -f -c '_arguments() { shift; print -rl -- "$@" }; . $1' zsh "$files/_dmasync-exporter"; }

bash_options() { bash_offers - | same_options; }
fish_options() { { fish_offers -; fish_offers --; } | grep -oE -- '^--?[a-zA-Z?][a-z-]*' | same_options; }
zsh_options() { zsh_says | sed -E 's/^\([^)]*\)//; s/\\//' | grep -oE -- '^--?[a-zA-Z?][a-z-]*' | same_options; }

values() {
	[ "$(bash_offers --label-by = na)" = name ] && [ "$(bash_offers -l 127)" = 127.0.0.1:9788 ] &&
		[ "$(fish_offers --label-by=ex)" = --label-by=exporter ]
}

# As they are installed, with the program under test.
units=$(mktemp -d) || exit 2
trap 'rm -r "$units"' EXIT
cp "$tree"/tools/systemd/dmasync-exporter.* "$units"
sed -i "s:@sbindir@:$(realpath "${exporter%/*}"):" "$units/dmasync-exporter.service"

# The manual page is not installed here.
units_are_valid() {
	systemd-analyze verify --man=no --recursive-errors=no "$units"/dmasync-exporter.{service,socket}
}

# From 0, no privilege, to 100, all of them; what it needs is counted, too.
service_is_confined() {
	systemd-analyze security --offline=true --threshold=15 --no-pager "$units/dmasync-exporter.service"
}

tap_plan 8
tap_test "manual page: options" page_has_the_options
tap_test "manual page: metrics" page_has_the_metrics
tap_test "bash: options" bash_options
tap_test "fish: options" fish_options
tap_test "zsh: options" zsh_options
tap_test "bash, fish: values" values
tap_test "units are valid" units_are_valid
tap_test "the service has few privileges" service_is_confined
tap_end
