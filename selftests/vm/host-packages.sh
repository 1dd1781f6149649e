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

# Run a command as root, through sudo where needed; $1 says what for.
host_packages_as_root() {
	local what=$1
	shift

	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif ! command -v sudo >/dev/null; then
		vm_die "$what needs root, and there is no sudo here; as root run: $*"
	elif [ -t 0 ] || sudo -n true 2>/dev/null; then
		vm_say "$what needs root: sudo $*"
		sudo "$@" || vm_die "$what failed under sudo; as root run: $*"
	else
		vm_die "$what needs root, and sudo cannot ask for a password without a terminal; as root run: $*"
	fi
}

# Can apt install these with the lists it has?
host_packages_known() {
	apt-get install --simulate --no-install-recommends "$@" >/dev/null 2>&1
}

host_packages_install() {
	local apt=(env DEBIAN_FRONTEND=noninteractive) name

	for name in http_proxy https_proxy no_proxy; do
		[ -n "${!name:-}" ] && apt+=("$name=${!name}")
	done
	apt+=(apt-get)
	vm_say "installing on this machine: $*"
	if ! host_packages_known "$@"; then
		host_packages_as_root "apt-get update" "${apt[@]}" -q update ||
			vm_die "apt-get update failed (see above): check the network and the sources in /etc/apt"
		host_packages_known "$@" ||
			vm_die "apt does not know: $* (is a Debian mirror with component main in /etc/apt?)"
	fi
	host_packages_as_root "installing packages" "${apt[@]}" -qy install --no-install-recommends "$@" ||
		host_packages_refetch "$@"
}

# Stale lists name files that the mirror has replaced: once more with new ones.
host_packages_refetch() {
	vm_say "that failed; trying again with fresh package lists"
	if ! host_packages_as_root "apt-get update" "${apt[@]}" -q update ||
	   ! host_packages_as_root "installing packages" "${apt[@]}" -qy install --no-install-recommends "$@"; then
		vm_die "cannot install $* (see above): check the network and the sources in /etc/apt"
	fi
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
