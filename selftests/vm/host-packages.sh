# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The host's packages: which of the list are missing, and their installation.

# Names of the listed packages that are not installed.
host_packages_missing() {
	local want

	mapfile -t want < <(vm_list "$VM_DIR/packages")
	dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "${want[@]}" 2>/dev/null |
		awk -v want="${want[*]}" '
			$1 == "installed" { have[$2] = 1 }
			END {
				n = split(want, name, " ")
				for (i = 1; i <= n; i++)
					if (!(name[i] in have))
						print name[i]
			}'
}

# How to run a command as root, in the array as_root; arguments are packages.
host_packages_become_root() {
	local by_hand="as root run: apt-get update && apt-get install --no-install-recommends $*"
	local name

	as_root=(env DEBIAN_FRONTEND=noninteractive)
	for name in http_proxy https_proxy no_proxy; do
		[ -z "${!name:-}" ] || as_root+=("$name=${!name}")
	done
	[ "$(id -u)" -ne 0 ] || return 0
	command -v sudo >/dev/null ||
		vm_die "installing packages needs root, and there is no sudo here; $by_hand"
	if [ ! -t 0 ] && ! sudo -n true 2>/dev/null; then
		vm_die "installing packages needs root, and sudo cannot ask for a password without a terminal; $by_hand"
	fi
	vm_say "this needs root; sudo may ask for your password"
	sudo true || vm_die "sudo does not let you; $by_hand"
	as_root=(sudo "${as_root[@]}")
}

# Can apt install these with the lists it has?
host_packages_known() {
	apt-get install --simulate --no-install-recommends "$@" >/dev/null 2>&1
}

host_packages_update() {
	vm_say "fetching package lists"
	"${as_root[@]}" apt-get -q update ||
		vm_die "apt-get update failed (see above): is there a network, are the sources in /etc/apt right?"
}

host_packages_install() {
	local as_root install=(apt-get -qy --no-install-recommends install "$@")

	vm_say "installing on this machine: $*"
	host_packages_become_root "$@"
	if [ -n "$(dpkg --audit 2>/dev/null)" ]; then
		vm_say "an installation was interrupted here: finishing it"
		"${as_root[@]}" dpkg --configure -a ||
			vm_die "dpkg --configure -a failed (see above): dpkg needs your help first"
	fi
	if ! host_packages_known "$@"; then
		host_packages_update
		host_packages_known "$@" ||
			vm_die "apt cannot install $*: is there a network, and a Debian mirror (component main) in /etc/apt?"
	fi
	"${as_root[@]}" "${install[@]}" && return
	# Old lists name files that the mirror has replaced since.
	vm_say "that failed; trying again with fresh package lists"
	host_packages_update
	"${as_root[@]}" "${install[@]}" ||
		vm_die "cannot install $* (see above): check the network and the sources in /etc/apt"
}

host_packages_ensure() {
	local missing

	type dpkg-query apt-get >/dev/null 2>&1 ||
		vm_die "this is not a Debian system (no dpkg and apt): the machine is built from Debian packages; use Debian 12 or newer"
	[ "$(dpkg --print-architecture)" = amd64 ] ||
		vm_die "this host is $(dpkg --print-architecture): only amd64 is supported"
	mapfile -t missing < <(host_packages_missing)
	[ ${#missing[@]} -eq 0 ] || host_packages_install "${missing[@]}"
}
