#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The packages of "make deb" on this machine's own kernel, from dpkg -i to dpkg --purge: dkms
# installs the module, the packages' own smoke test loads, locks and traces, an upgrade takes the
# place of the old version, and nothing is left. For "make check-deb", which sets DEBS to the folder
# of the packages; beside it are those of a newer version, DEBS-newer. What dkms has built of both is
# there already (see dkms-build.sh).
# shellcheck disable=SC2317 # functions are called by name

# shellcheck source=selftests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

tree=$(cd "$(dirname "$0")/../.." && pwd)
release=$(uname -r)
series=$(cut -d . -f 1,2 <<< "$release")
debs=$tree/${DEBS:?}
newer=$debs-newer
names=(dmabuf-sync-dkms dmasync-tools libdmabuf-sync1 libdmabuf-sync-dev python3-dmabuf-sync)
old_kernel=6.1.0-42-amd64

dir=$(mktemp -d)

say() { echo "$*" >&2; }

# dkms and depmod find this kernel's headers and one of its modules, which tells how they are
# compressed; and a kernel that is too old, of which only the headers are there.
hide_other_modules() {
	local mine=$dir/modules/$release old=$dir/modules/$old_kernel/build one

	one=$(sed -n '1s/:.*//p' "/lib/modules/$release/modules.dep")
	mkdir -p "$mine" "$old/include/config" "$dir/boot" &&
		cp -a "/lib/modules/$release"/{build,source} "/lib/modules/$release"/modules.{order,builtin*} "$mine" &&
		install -D -m 644 "/lib/modules/$release/$one" "$mine/$one" && cp "/boot/config-$release" "$dir/boot" &&
		touch "$old/Makefile" &&
		echo $old_kernel > "$old/include/config/kernel.release" &&
		mount --bind "$dir/modules" /usr/lib/modules && mount --bind "$dir/boot" /boot && depmod
}

# Where a package or its scripts may leave something.
listing() {
	find /etc /usr/local /usr/lib/udev /usr/lib/sysusers.d /usr/lib/modules /usr/lib/python3 /usr/include/linux /usr/sbin \
		/usr/share/{bash-completion,fish,man,zsh} /var/lib/dkms /var/lib/dpkg/info /var/lib/systemd \
		! -path '/etc/*-' ! -path '/usr/lib/modules/*/source/*' -printf '%y %m %p %l\n' | sort
	ls -d /usr/src/dmabuf* /usr/share/doc/d*m*sync* 2> /dev/null
	cat /etc/group "/usr/lib/modules/$release/modules.dep"
	dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' "*dmabuf*" "*dmasync*" 2> /dev/null
}

dkms_archive() { echo "/usr/share/dmabuf-sync-dkms/dmabuf-sync-$1.dkms.tar.gz"; }

# Everything in this folder, with what dkms has built of it.
install_from() {
	local version name files=()

	version=$(dpkg-deb -f "$1"/dmabuf-sync-dkms_*.deb Version)
	for name in "${names[@]}"; do
		files+=("$1/${name}_${version}"_*.deb)
	done
	install -D -m 644 "$1/$series.dkms.tar.gz" "$(dkms_archive "$version")"
	dpkg --path-include='/usr/share/man/*' -i "${files[@]}" > "$dir/said" 2>&1 || { cat "$dir/said"; return 1; }
	rm "$(dkms_archive "$version")"
	dpkg -L "${names[@]}" >> "$dir/files"
}

dkms_has() {
	[ "$(dkms status -k "$release")" = "dmabuf-sync/$1, $release, x86_64: installed" ] ||
		{ dkms status; return 1; }
}

installs() { install_from "$debs" && dkms_has "$version"; }

tells_of_old_kernel() {
	grep "Linux $old_kernel is too old: dmabuf-sync needs 6.12 or newer" "$dir/said" &&
		[[ $(dkms status) != *$old_kernel* ]] || { cat "$dir/said"; dkms status; return 1; }
}

module_is_the_packages() { [[ $(modinfo -n dmabuf_sync) == "/lib/modules/$release/updates/dkms/dmabuf_sync.ko"* ]]; }

smoke() { (cd "$debs/dmabuf-sync-$version" && AUTOPKGTEST_TMP=$dir debian/tests/smoke); }

udev_starts() { /usr/lib/systemd/systemd-udevd --daemon; }

rule_is_used() {
	module_is_the_packages && modprobe dmabuf_sync && udevadm settle &&
		[ "$(stat -c '%a %G' /dev/dmabuf_sync)" = "660 dmabuf" ] &&
		modprobe -r dmabuf_sync
}

shells_find_completion() {
	# shellcheck disable=SC2016 # for the other shell
	HOME=$dir fish -c 'complete -C "dmasync-top --pro"' | grep -q '^--probe' &&
		bash -c '. /usr/share/bash-completion/completions/dmasync-top && complete -p dmasync-top'
}

manual_page_is_there() { [ -s /usr/share/man/man8/dmasync-top.8.gz ]; }

upgrades() {
	install_from "$newer" && dkms_has "$(newer_version)" &&
		[ "$(echo /usr/src/dmabuf-sync-*)" = "/usr/src/dmabuf-sync-$(newer_version)" ] && smoke
}

newer_version() { dpkg-deb -f "$newer"/dmabuf-sync-dkms_*.deb Version; }

removes() {
	dpkg --remove "${names[@]}" > "$dir/said" 2>&1 || { cat "$dir/said"; return 1; }
	[ -z "$(dkms status)" ] && ! modinfo dmabuf_sync > /dev/null 2>&1 &&
		[ -z "$(find /usr/lib/modules/"$release"/updates /var/lib/dkms/dmabuf-sync 2> /dev/null)" ]
}

# What the purge does, with somebody in the group.
keeps_group_of_members() {
	usermod -aG dmabuf nobody && sh /var/lib/dpkg/info/dmabuf-sync-dkms.postrm purge &&
		getent group dmabuf && gpasswd -d nobody dmabuf
}

leaves_nothing() {
	local path left=0

	dpkg --purge "${names[@]}" > "$dir/said" 2>&1 || { cat "$dir/said"; return 1; }
	listing > "$dir/after"
	diff "$dir/before" "$dir/after" || return
	while IFS= read -r path; do
		[ -d "$path" ] || ! [ -e "$path" ] || { echo "left: $path"; left=1; }
	done < "$dir/files"
	return $left
}

tidy() {
	[ ! -d /sys/module/dmabuf_sync ] || modprobe -r dmabuf_sync
	udevadm control --exit 2> /dev/null
	umount /boot /usr/lib/modules
	rm -r "$dir"
}
trap tidy EXIT

version=$(dpkg-deb -f "$debs"/dmabuf-sync-dkms_*.deb Version) || exit 1
hide_other_modules && udev_starts || exit 1
rm -f /var/lib/man-db/auto-update	# its index would take a minute here
listing > "$dir/before"

tap_plan 10
tap_test "installs, and dkms has the module" installs
tap_test "tells why there is no module for a kernel that is too old" tells_of_old_kernel
tap_test "modprobe takes the packages' module, udev its rule" rule_is_used
tap_test "smoke test: loads, locks, traces" smoke
tap_test "shells find the completion" shells_find_completion
tap_test "there is a manual page" manual_page_is_there
tap_test "upgrades to a newer version" upgrades
tap_test "removes the module of each kernel" removes
tap_test "purging keeps a group that has members" keeps_group_of_members
tap_test "purging leaves nothing" leaves_nothing
tap_end
