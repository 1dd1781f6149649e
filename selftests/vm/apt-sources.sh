# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The guest's package sources, derived from the host's own apt configuration:
# same mirrors, same proxy, but Debian 13 (trixie) and its backports.

APT_GUEST_SUITE=trixie

# "URI release" of each package index that the host uses; apt itself reads
# both source formats.
apt_sources_host() {
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
		awk '!seen[$0]++'
}

# A "mirror+file:" list is a file of this machine: take its first mirror.
apt_sources_resolve() {
	local file

	case $1 in
	mirror+file:*)
		file=/${1#mirror+file:}
		file=/${file##*(/)}
		sed -n 's/#.*//; s/^[[:space:]]*//; /^[a-z]/ { s/[[:space:]].*//; p; q }' "${file%/}"
		;;
	cdrom:*) ;;
	*)	echo "$1" ;;
	esac
}

# First host mirror whose release matches the extended regular expression $1.
apt_sources_mirror() {
	local uri release found

	while read -r uri release; do
		[[ $release =~ ^($1)$ ]] || continue
		found=$(apt_sources_resolve "$uri")
		[ -n "$found" ] && echo "$found" && return
	done < <(apt_sources_host)
	return 1
}

# One-line sources for the guest.
apt_sources_guest() {
	local any='bookworm|trixie|forky|sid|stable|oldstable|testing|unstable'
	local main security s=$APT_GUEST_SUITE

	main=$(apt_sources_mirror "$any") ||
		vm_die "no Debian mirror among this machine's apt sources (/etc/apt/sources.list, /etc/apt/sources.list.d)"
	echo "deb $main $s main"
	echo "deb $main $s-updates main"
	echo "deb $main $s-backports main"
	if security=$(apt_sources_mirror "($any)(-security|/updates)"); then
		echo "deb $security $s-security main"
	else
		vm_say "this machine has no Debian security mirror: the guest does without"
	fi
}

# The host's transport settings (proxy, certificates, date checks, retries).
apt_sources_conf() {
	apt-config dump 'Acquire' --format '%F "%v";%n' |
		grep -E '^Acquire::(https?|ftp|socks|Retries|ForceIPv|Check-|Max-ValidTime|Min-ValidTime)' |
		grep -v ' "";$'
	echo 'APT::Sandbox::User "root";'
}
