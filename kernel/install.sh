#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: install.sh install RELEASE KDIR BUILD     (by make)
#        install.sh uninstall RELEASE
#
# Installs the modules that were built in BUILD for kernel RELEASE, the headers of the user ABI, the
# udev rule of the device and its group; or removes them. From the environment:
#
#	DESTDIR			a folder to pack: nothing outside it is touched
#	PREFIX			of the headers (/usr/local)
#	INSTALL_MOD_PATH	root of the modules (DESTDIR)
#	INSTALL_MOD_DIR		their folder below /lib/modules/RELEASE (updates)
#	SIGN_KEY, SIGN_CERT	sign the modules with these; else with the key of the kernel's own
#				build or of dkms, where this machine has one
#
# The modules are neither compressed nor do they have debug information: neither xz nor a
# hundred times the space is needed. kbuild's modules_install would do the one and leave
# out depmod where Debian's headers are used.

set -eu
cd "$(dirname "$0")"
PATH=$PATH:/usr/sbin:/sbin

names=(dmabuf_sync dmabuf_copy dma_sim dma_edu)
headers=(dmabuf_sync.h dmabuf_sync_timeline.h dmabuf_copy.h)
dkms_key=/var/lib/dkms/mok.key dkms_cert=/var/lib/dkms/mok.pub

die() { echo "install.sh: $*" >&2; exit 1; }

# Where systemd looks for rules and groups.
config_dir() {
	case $prefix in
	/usr | /usr/local)	echo "$dest$prefix/lib" ;;
	*)			echo "$dest/etc" ;;
	esac
}

# Sets key and cert if there is something to sign with, and hash to what this kernel signs.
find_key() {
	local pair

	key='' cert=''
	hash=$(sed -n 's/^CONFIG_MODULE_SIG_HASH="\{0,1\}\([^"]*\).*/\1/p' "$kdir/include/config/auto.conf")
	if [ -n "${SIGN_KEY:-}" ]; then
		[ -n "$hash" ] || die "SIGN_KEY: this kernel knows no signed modules (CONFIG_MODULE_SIG)"
		[ -r "$SIGN_KEY" ] && [ -r "${SIGN_CERT:-}" ] ||
			die "SIGN_KEY=$SIGN_KEY needs SIGN_CERT, its certificate, and both must be readable"
		key=$SIGN_KEY cert=$SIGN_CERT
		return
	fi
	[ -n "$hash" ] || return 0
	for pair in "$kdir/certs/signing_key.pem $kdir/certs/signing_key.x509" "$dkms_key $dkms_cert"; do
		if [ -r "${pair% *}" ] && [ -r "${pair#* }" ]; then
			key=${pair% *} cert=${pair#* }
			return
		fi
	done
}

sign() { "$kdir/scripts/sign-file" "$hash" "$key" "$cert" "$1"; }

# Sets files to what was built.
find_modules() {
	local name file

	files=()
	for name in "${names[@]}"; do
		file=$build/$name.ko
		[ -e "$file" ] || file=$build/drivers/$name.ko
		[ -e "$file" ] || die "$name.ko is not in $build: build it first (make module)"
		files+=("$file")
	done
}

modules_install() {
	local name

	install -d "$moddir"
	install -m 644 "${files[@]}" "$moddir"
	for name in "${names[@]}"; do
		"${CROSS_COMPILE:-}strip" --strip-debug "$moddir/$name.ko"
		[ -z "$key" ] || sign "$moddir/$name.ko"
	done
}

# Also what kbuild's modules_install has left there.
modules_remove() {
	local name

	for name in "${names[@]}"; do
		rm -f "$moddir/$name".ko* "$moddir/drivers/$name".ko*
	done
	dirs_remove "$moddir/drivers" "$moddir"
}

dirs_remove() { rmdir "$@" 2> /dev/null || :; }

# A folder to pack has nothing of the kernel: depmod is the package's part then.
modules_index() {
	if [ -z "$modroot" ] && [ -d "/lib/modules/$release" ]; then
		depmod "$release"
	elif [ -e "$modroot/lib/modules/$release/modules.order" ]; then
		depmod -b "$modroot" "$release"
	fi
}

headers_install() { install -D -m 644 -t "$include" "${headers[@]/#/include/uapi/linux/}"; }

headers_remove() {
	rm -f "${headers[@]/#/$include/}"
	dirs_remove "$include"
}

udev_reload() {
	[ -S /run/udev/control ] || return 0
	udevadm control --reload
	[ ! -e /dev/dmabuf_sync ] || udevadm trigger --action=change /dev/dmabuf_sync
}

device_install() {
	install -D -m 644 -t "$config/udev/rules.d" udev/70-dmabuf-sync.rules
	install -D -m 644 -t "$config/sysusers.d" udev/dmabuf-sync.conf
	[ -z "$dest" ] || return 0
	groupadd --system --force dmabuf
	udev_reload
}

# A group that somebody was put into is the administrator's.
group_remove() {
	local members

	members=$(getent group dmabuf) || return 0
	if [ -z "${members##*:}" ]; then
		groupdel dmabuf
	else
		echo "The group dmabuf stays: it has members."
	fi
}

device_remove() {
	rm -f "$config/udev/rules.d/70-dmabuf-sync.rules" "$config/sysusers.d/dmabuf-sync.conf"
	dirs_remove "$config/udev/rules.d" "$config/udev" "$config/sysusers.d"
	[ -z "$dest" ] || return 0
	group_remove
	udev_reload
}

# With secure boot the kernel is locked down, and takes signed modules only.
signatures_are_enforced() {
	grep -qs Y /sys/module/module/parameters/sig_enforce ||
		grep -qsE '\[(integrity|confidentiality)\]' /sys/kernel/security/lockdown
}

explain_signing() {
	if [ -n "$key" ]; then
		cat <<- END
		This machine loads signed modules only (secure boot). They are signed with $key;
		the machine has to know its certificate, once:
		    mokutil --test-key $cert
		    mokutil --import $cert         asks for a password; restart, and enrol it
		END
		return
	fi
	cat <<- END
	This machine loads signed modules only (secure boot), and these are not signed: there is no key.
	As root, once:
	    apt install dkms mokutil
	    dkms generate_mok                            makes $dkms_key, if it is not there
	    mokutil --import $dkms_cert     asks for a password; restart, and enrol it
	    make install                                 signs with it
	To sign with another key: make install SIGN_KEY=file.pem SIGN_CERT=file.der
	END
}

report() {
	echo "Installed for Linux $release: ${names[*]} in $moddir"
	[ -z "$dest$modroot" ] || return 0
	echo "modprobe dmabuf_sync loads it; its device is for root, the group dmabuf and who sits at the machine."
	! signatures_are_enforced || explain_signing
}

do_install() {
	kdir=$1 build=$2
	find_key
	find_modules
	modules_remove
	modules_install
	modules_index
	headers_install
	device_install
	report
}

do_uninstall() {
	modules_remove
	modules_index
	headers_remove
	device_remove
	[ -n "$dest$modroot" ] || [ ! -d /sys/module/dmabuf_sync/holders ] ||
		echo "dmabuf_sync is still loaded: modprobe -r dmabuf_copy dma_sim dma_edu dmabuf_sync, or restart."
}

what=${1:-} release=${2:-}
dest=${DESTDIR:-} prefix=${PREFIX:-/usr/local}
modroot=${INSTALL_MOD_PATH:-$dest}
moddir=$modroot/lib/modules/$release/${INSTALL_MOD_DIR:-updates}
include=$dest$prefix/include/linux
config=$(config_dir)
case $what-$# in
install-4)	do_install "$3" "$4" ;;
uninstall-2)	do_uninstall ;;
*)		die "usage: install.sh install RELEASE KDIR BUILD | install.sh uninstall RELEASE" ;;
esac
