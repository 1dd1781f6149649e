#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: dkms-build.sh DIR SERIES      (in the guest root, by make)
#
# Lets dkms build the modules of the package in DIR for a kernel of the guest root, and keeps them
# in DIR/SERIES.dkms.tar.gz. The machine, which is emulated, would compile for minutes;
# dkms's own archive of built modules spares it that, and what installs them stays the same.

set -eu
cd "$(dirname "$0")/../.."

dir=$1 series=$2
deb=$(echo "$dir"/dmabuf-sync-dkms_*.deb)
archive=$PWD/$dir/$series.dkms.tar.gz
tree=$PWD/$dir/dkms-$series
[ ! "$archive" -nt "$deb" ] || exit 0

run_dkms() {
	local action=$1
	shift

	dkms "$action" --dkmstree "$tree/var" --sourcetree "$tree/usr/src" -m dmabuf-sync \
		-v "$(dpkg-deb -f "$deb" Version)" "$@"
}

# A condition, in which the shell does not end by itself at a failure.
build() {
	local release

	release=$(selftests/vm/kver "$series") &&
		dpkg-deb -x "$deb" "$tree" &&
		mkdir "$tree/var" &&
		run_dkms add &&
		run_dkms build -k "$release" &&
		run_dkms mktarball --binaries-only -k "$release" --archive "$archive"
}

echo "deb: dkms builds for $series"
rm -rf "$tree" "$archive"
mkdir "$tree"
build > "$tree/log" 2>&1 || {
	cat "$tree/log" "$tree"/var/dmabuf-sync/*/build/make.log >&2
	exit 1
}
