# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The guest's package sources, derived from the host's own apt configuration:
# same mirrors, same proxy, but Debian 13 (trixie) and its backports.

APT_GUEST_SUITE=trixie

# "URI release component origin" of each package index that the host uses, as
# apt reads it from either source format; options of apt-get as arguments.
apt_sources_list() {
	# shellcheck disable=SC2016 # apt expands these, not the shell
	apt-get "$@" indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' \
		'Created-By: Packages' 2>/dev/null
}

# The same; apt knows sources only with package lists, and where the host has
# none (container images come so), $1 becomes the place for private ones.
apt_sources_host() {
	local dir=$1 options

	apt_sources_list | grep . && return
	options=(-o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache"
		-o APT::Sandbox::User=root -o Acquire::Languages=none)
	mkdir -p "$dir/lists/partial" "$dir/cache"
	apt-get -q "${options[@]}" update >&2 || :
	apt_sources_list "${options[@]}" | grep . ||
		vm_die "no package lists (see above): is there a network, are the sources in /etc/apt right?"
}

# A "mirror+file:" list is a file of this machine: take its first mirror.
apt_sources_resolve() {
	local file

	case $1 in
	mirror+file:*)
		file=$(sed 's,^mirror+file:/*,/,; s,/$,,' <<< "$1")
		sed -n 's/#.*//; s/^[[:space:]]*//; /^[a-z]/ { s/[[:space:]].*//; p; q }' "$file"
		;;
	cdrom:*) ;;
	*)	echo "$1" ;;
	esac
}

# First mirror among the lines of standard input whose release matches the
# extended regular expression $1: of Debian itself, else of someone who uses
# Debian's release names, as a partial mirror does.
apt_sources_mirror() {
	local uri release component origin found other=

	while read -r uri release component origin; do
		[[ $release =~ ^($1)$ && $component = main ]] || continue
		found=$(apt_sources_resolve "$uri")
		[ -n "$found" ] || continue
		[ "$origin" = Debian ] && echo "$found" && return
		other=${other:-$found}
	done
	[ -n "$other" ] && echo "$other"
}

# One-line sources for the guest; $1 is a folder for temporary files.
apt_sources_guest() {
	local names='bookworm|trixie|forky|sid|oldstable|stable|testing|unstable'
	local host main security suite=$APT_GUEST_SUITE

	host=$(apt_sources_host "$1") || exit
	main=$(apt_sources_mirror "$names" <<< "$host") ||
		vm_die "no Debian mirror (component main) among this machine's apt sources in /etc/apt"
	echo "deb $main $suite main"
	echo "deb $main $suite-updates main"
	echo "deb $main $suite-backports main"
	if security=$(apt_sources_mirror "($names)(-security|/updates)" <<< "$host"); then
		echo "deb $security $suite-security main"
	else
		vm_say "this machine has no Debian security mirror: the guest does without"
	fi
}

# The host's transport settings (proxy, certificates, date checks, retries).
apt_sources_conf() {
	apt-config dump Acquire --format '%F "%v";%n' |
		grep -E '^Acquire::(https?|ftp|socks|Retries|ForceIPv|Check-|Max-ValidTime|Min-ValidTime)' |
		grep -v ' "";$' || :
	# Its own user cannot look into the home folder of an ordinary user.
	echo 'APT::Sandbox::User "root";'
}
