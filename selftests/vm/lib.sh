# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# shellcheck disable=SC2034 # variables are used by those who source this
#
# Shared by the scripts of selftests/vm: messages, places, kernel names.
# Works on the host, in the guest root (in-root) and in the guest (run).

# An ordinary user's PATH may lack chroot and the like.
PATH=$PATH:/usr/sbin:/sbin

VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
VM_TREE=$(cd "$VM_DIR/../.." && pwd -P)

# Bump when root-build.sh changes what ends up in the guest root.
VM_ROOT_RECIPE=1

# The file that tells the guest root from any other system.
VM_MARK=/etc/dmabuf-sync-root

vm_say() { echo "vm: $*" >&2; }
vm_die() { echo "${0##*/}: $*" >&2; exit 2; }

# Are we inside the guest root already (in-root or the guest itself)?
vm_inside() { [ -e "$VM_MARK" ]; }

# A list file without its comments and blank lines.
vm_list() { sed 's/#.*//; s/[[:space:]]*$//; /^$/d' "$1"; }

# The kernel series of packages.guest, in order.
vm_kernels() { vm_list "$VM_DIR/packages.guest" | awk '$1 == "kernel" { print $2 }'; }

vm_hash() { sha256sum | cut -c1-12; }

vm_cache() {
	local base=${XDG_CACHE_HOME:-}

	if [ -z "$base" ]; then
		[ -n "${HOME:-}" ] || vm_die "neither XDG_CACHE_HOME nor HOME is set: where should the guest root be kept?"
		base=$HOME/.cache
	fi
	echo "$base/dmabuf-sync"
}

# The folder of the guest root that belongs to packages.guest as it is now.
vm_root() {
	local hash

	hash=$({ echo "$VM_ROOT_RECIPE"; vm_list "$VM_DIR/packages.guest"; } | vm_hash) || return
	echo "$(vm_cache)/root-$hash"
}

# As vm_root, but it must have been built.
vm_root_ready() {
	local root

	root=$(vm_root) || exit
	[ -e "$root/stamp" ] || vm_die "the guest root is not built yet: run selftests/vm/setup first"
	echo "$root"
}

# The tree of the guest root: "" where it is / itself.
vm_tree() {
	local root

	vm_inside && return
	root=$(vm_root_ready) || exit
	echo "$root/tree"
}

# vm_kver SERIES|RELEASE: full release name of an installed kernel.
vm_kver() {
	local want=$1 tree name best=

	tree=$(vm_tree) || exit
	for name in "$tree"/usr/lib/modules/*; do
		name=${name##*/}
		case $name in
		"$want" | "$want".*) best=$name ;;
		esac
	done
	[ -n "$best" ] || vm_die "no kernel '$want' in the guest root; there are: $(vm_kernels | tr '\n' ' ')"
	echo "$best"
}

# vm_namespace CMD...: run CMD in namespaces of its own, as root in there.
# An ordinary user's ids are mapped as VM_MAP says: "auto" adds the user's
# subordinate ids (for package installation), "self" maps the user alone.
# Everything inside dies with the caller.
vm_namespace() {
	local map=()

	if [ "$(id -u)" -ne 0 ]; then
		map=(--map-root-user)
		[ "${VM_MAP:-self}" = auto ] && map+=(--map-auto)
	fi
	setpriv --pdeathsig KILL -- \
		unshare "${map[@]}" --mount --pid --fork --kill-child --mount-proc -- "$@"
}
