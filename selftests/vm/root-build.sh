#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: root-build.sh DEST      (called by setup, as root or mapped root)
#
# Builds the guest root: DEST/tree from Debian packages, DEST/source with the
# kernel's source package. DEST/sources.list and DEST/apt.conf are there
# already. Also mmdebstrap's hook: root-build.sh --hook TREE installs the
# packages of packages.guest.

set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

step() { echo "== $*"; }

outside_apt() { APT_CONFIG=$MMDEBSTRAP_APT_CONFIG "$@"; }

# Newest kernel release of a series that apt can see.
kernel_release() {
	local series=${1//./\\.}

	outside_apt apt-cache pkgnames "linux-headers-$1." |
		sed -n -E "s/^linux-headers-($series\.[0-9.]+\+deb[0-9.]+-amd64)$/\1/p" | sort -V | tail -n 1
}

guest_packages() {
	local series release

	vm_list "$VM_DIR/packages.guest" | awk '$1 != "kernel"'
	for series in $(vm_kernels); do
		release=$(kernel_release "$series")
		[ -n "$release" ] ||
			vm_die "the mirror has no kernel $series any more: name a current series in packages.guest"
		echo "linux-image-$release"
		echo "linux-headers-$release"
	done
}

# Kernels of backports need its linux-base, which apt would not choose itself.
prefer_backports() {
	echo "Package: linux-base"
	echo "Pin: release n=trixie-backports"
	echo "Pin-Priority: 500"
}

# Downloads happen outside, with the host's certificates and resolver.
hook_install() {
	local tree=$1 pkgs

	prefer_backports > "$tree/etc/apt/preferences.d/backports"
	mapfile -t pkgs < <(guest_packages)
	[ ${#pkgs[@]} -gt 0 ] || exit 1
	step "downloading packages"
	outside_apt apt-get -qy --no-install-recommends --download-only install "${pkgs[@]}"
	mkdir -p "$tree/../source"
	(cd "$tree/../source" && outside_apt apt-get -q download "linux-source-$(vm_kernels | head -n 1)")
	step "installing packages"
	INITRD=No chroot "$tree" apt-get -qy --no-install-recommends --no-download install "${pkgs[@]}"
}

root_bootstrap() {
	local dest=$1

	step "base system"
	mkdir -p "$dest/tmp"
	# shellcheck disable=SC2016 # mmdebstrap's shell expands the hook
	TMPDIR=$dest/tmp VM_HOOK=$VM_DIR/root-build.sh mmdebstrap --mode=root --variant=minbase --format=directory \
		--skip=chroot/mount/sys,check/empty \
		--aptopt="$dest/apt.conf" \
		--dpkgopt=force-unsafe-io --dpkgopt=force-confold \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		--customize-hook='"$VM_HOOK" --hook "$1"' \
		trixie "$dest/tree" - < "$dest/sources.list"
}

# The kernel source package: kept whole for debug kernels; the parts that
# static checks and selftests use go into the root.
root_source() {
	local dest=$1 series tar part

	step "kernel source package"
	series=$(vm_kernels | head -n 1)
	tar=linux-source-$series.tar.xz
	dpkg-deb --fsys-tarfile "$dest"/source/linux-source-*.deb |
		tar -x -C "$dest/source" --strip-components=3 "./usr/src/$tar"
	rm "$dest"/source/linux-source-*.deb
	part=/usr/src/linux-$series-partial
	mkdir -p "$dest/tree$part"
	chroot "$dest/tree" xz -dc -T0 < "$dest/source/$tar" |
		tar -x -C "$dest/tree$part" --strip-components=1 --wildcards --no-wildcards-match-slash \
			'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
			'*/scripts/const_structs.checkpatch' '*/scripts/kernel-doc' \
			'*/scripts/headers_install.sh' '*/usr/include/headers_check.pl' \
			'*/Documentation/dev-tools/checkpatch.rst' \
			'*/tools/scripts' '*/tools/build' '*/tools/include' \
			'*/tools/testing/selftests/*.h' '*/tools/testing/selftests/*.mk' \
			'*/tools/testing/selftests/*.sh' '*/tools/testing/selftests/kselftest'
}

# Names, mount points and ids: one owner, so that the user can delete it all.
root_finish() {
	local tree=$1/tree

	rm -rf "$1/tmp"
	rm -f "$tree/etc/apt/apt.conf.d/99mmdebstrap" "$tree/etc/resolv.conf"
	rm -rf "$tree"/boot/initrd.img* "$tree"/var/cache/debconf/*
	echo dmabuf-sync > "$tree/etc/hostname"
	printf '127.0.0.1 localhost dmabuf-sync\n::1 localhost\n' > "$tree/etc/hosts"
	mkdir -p "$tree/src"
	echo "guest root of dmabuf-sync, recipe $VM_ROOT_RECIPE" > "$tree$VM_MARK"
	chown -hR 0:0 "$1"
	chmod -R u+rwX "$1"
}

case $1 in
--hook)	hook_install "$2" ;;
*)	root_bootstrap "$1"
	root_source "$1"
	root_finish "$1"
	;;
esac
