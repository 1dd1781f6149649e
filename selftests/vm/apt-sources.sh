# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The guest's package sources, derived from the host's own apt configuration:
# same mirrors, same proxy, but Debian 13 (trixie) and its backports.

APT_GUEST_SUITE=trixie

# "URI release component origin" of each package index that the host uses, as
# apt reads it from either source format; origin unknown before apt-get update.
apt_sources_host() {
	# shellcheck disable=SC2016 # apt expands these, not the shell
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' \
		'Created-By: Packages' 2>/dev/null
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

# First host mirror of Debian whose release matches the extended regular
# expression $1; other vendors use Debian's release names, too.
apt_sources_mirror() {
	local wanted uri release component origin found

	for wanted in 'Debian' '\$\(ORIGIN\)'; do
		while read -r uri release component origin; do
			[[ $release =~ ^($1)$ && $component = main && $origin =~ ^$wanted$ ]] || continue
			found=$(apt_sources_resolve "$uri")
			[ -n "$found" ] && echo "$found" && return
		done < <(apt_sources_host)
	done
	return 1
}

# One-line sources for the guest.
apt_sources_guest() {
	local names='bookworm|trixie|forky|sid|oldstable|stable|testing|unstable'
	local main security suite=$APT_GUEST_SUITE

	main=$(apt_sources_mirror "$names") ||
		vm_die "no Debian mirror (component main) among this machine's apt sources in /etc/apt; add one and run apt-get update"
	echo "deb $main $suite main"
	echo "deb $main $suite-updates main"
	echo "deb $main $suite-backports main"
	if security=$(apt_sources_mirror "($names)(-security|/updates)"); then
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
