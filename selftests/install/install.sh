#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What "make install" does behind building, on this machine's own kernel, up to "make uninstall":
# the module is found by modprobe, its device belongs to whom the udev rule says, it works, and
# nothing is left. Takes what is built already, in DMABUF_SYNC_MODULES (see run-tests.sh).
# shellcheck disable=SC2317 # functions are called by name

# shellcheck source=selftests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

tree=$(cd "$(dirname "$0")/../.." && pwd)
release=$(uname -r)
kdir=/lib/modules/$release/build
hold=${DMABUF_SYNC_TESTS:?}/dmabuf_sync/hold
key=$DMABUF_SYNC_TESTS/install/key
tap_needs_module
[ -e "$kdir/Makefile" ] || tap_skip_all "no headers of this kernel"
[ -e "${DMABUF_SYNC_MODULES:?}/kernel/dmabuf_sync.ko" ] || tap_skip_all "no modules in $DMABUF_SYNC_MODULES"
[ "$(modinfo -F vermagic "$DMABUF_SYNC_MODULES/kernel/dmabuf_sync.ko" | cut -d ' ' -f 1)" = "$release" ] ||
	tap_skip_all "$DMABUF_SYNC_MODULES is not built for this kernel"

dir=$(mktemp -d)
python=$(basename "$(readlink /usr/bin/python3)")
moddir=/lib/modules/$release

# depmod reads all modules there are; here it finds no others, and needs no minute.
hide_other_modules() {
	mkdir "$dir/modules" && cp -a "$moddir"/{build,source} "$moddir"/modules.{order,builtin*} "$dir/modules" &&
		mount --bind "$dir/modules" "$moddir" && depmod
}

say() { echo "$*" >&2; }

# What is built, without looking whether it is new, which takes half a minute here.
module_install() { make -s -C "$tree/kernel" OUT="$DMABUF_SYNC_MODULES" install "$@"; }

tools_install() { make -s -C "$tree/tools" O="$tree/build/tools" install "$@"; }

uninstall() {
	make -s -C "$tree" OUT="$DMABUF_SYNC_MODULES" HOST_TOOLS="$tree/build/tools" uninstall "$@"
}

# What is where an installation writes. Backups of /etc/group and the like are none of it.
listing() {
	find /etc /usr/local /usr/lib/udev /usr/lib/sysusers.d "$moddir" ! -path '/etc/*-' -printf '%y %m %p %l\n' |
		sort
	cat /etc/group "$moddir/modules.dep"
}

installs() { { module_install && tools_install; } > "$dir/said" || { cat "$dir/said"; return 1; }; }

loads() { modprobe dmabuf_sync && [ -c /dev/dmabuf_sync ]; }

unloads() { modprobe -r dmabuf_sync; }

headers_compile() {
	local header

	for header in dmabuf_sync dmabuf_sync_timeline dmabuf_copy; do
		echo "#include <linux/$header.h>" | gcc -Wall -Werror -fsyntax-only -x c - || return
	done
}

# A program that is built as its author would, with the shared library; and a script.
library_works() {
	local flags

	flags=$(pkg-config --cflags --libs libdmabuf-sync) || return
	cat > "$dir/caps.c" <<- END
	#include <dmabuf-sync.h>

	int main(void)
	{
		struct dmasync_caps caps;
		int ctx = dmasync_open(0);

		return ctx < 0 || dmasync_get_caps(ctx, &caps) || caps.max_set != 256;
	}
	END
	# shellcheck disable=SC2086 # words
	gcc -Wall -Werror -o "$dir/caps" "$dir/caps.c" $flags && "$dir/caps" &&
		ldd "$dir/caps" | grep /usr/local/lib/libdmabuf-sync.so.1 &&
		python3 -c 'import dmabuf_sync; print(dmabuf_sync.Context().caps())'
}

# May a user of such groups open the device?
opens_as() {
	setpriv --reuid 65534 --regid 65534 "$@" sh -c 'exec 3<> /dev/dmabuf_sync' 2> /dev/null
}

tagged_for_the_seat() {
	[[ $(udevadm info --query=property --property=CURRENT_TAGS --value /dev/dmabuf_sync) == *:uaccess:* ]]
}

rule_says_who_may_open() {
	udevadm settle && [ "$(stat -c '%a %G' /dev/dmabuf_sync)" = "660 dmabuf" ] ||
		{ stat -c '%n %a %G' /dev/dmabuf_sync; return 1; }
	! opens_as --clear-groups || { say "a stranger opens it"; return 1; }
	opens_as --groups dmabuf || { say "a member of the group cannot open it"; return 1; }
	tagged_for_the_seat || { say "it is not tagged uaccess"; return 1; }
}

top_shows_a_holder() {
	local status

	mkfifo "$dir/in"
	"$hold" acquire < "$dir/in" > "$dir/out" &
	exec 7> "$dir/in"
	until_true 10000 grep -q ready "$dir/out" &&
		/usr/local/sbin/dmasync-top --batch --count=1 --delay=0.2 --idle > "$dir/top" && grep -q 'hold/' "$dir/top"
	status=$?
	exec 7>&-
	wait $!
	[ $status -eq 0 ] || cat "$dir/out" "$dir/top"
	return $status
}

uninstalls() {
	uninstall > "$dir/said" || { cat "$dir/said"; return 1; }
	listing > "$dir/after"
	diff "$dir/before" "$dir/after"
}

# A folder to pack: everything in it, nothing of this machine touched.
stays_in_destdir() {
	{ module_install DESTDIR="$dir/stage" SIGN_KEY="$dir/key.pem" SIGN_CERT="$dir/cert.der" &&
		tools_install DESTDIR="$dir/stage"; } > "$dir/said" ||
		{ cat "$dir/said"; return 1; }
	listing | diff "$dir/before" - || return
	(cd "$dir/stage" && find . -type f | sort) > "$dir/staged"
	diff - "$dir/staged" <<- END
	./lib/modules/$release/updates/dma_edu.ko
	./lib/modules/$release/updates/dma_sim.ko
	./lib/modules/$release/updates/dmabuf_copy.ko
	./lib/modules/$release/updates/dmabuf_sync.ko
	./usr/local/include/dmabuf-sync-timeline.h
	./usr/local/include/dmabuf-sync.h
	./usr/local/include/linux/dmabuf_copy.h
	./usr/local/include/linux/dmabuf_sync.h
	./usr/local/include/linux/dmabuf_sync_timeline.h
	./usr/local/lib/libdmabuf-sync.a
	./usr/local/lib/libdmabuf-sync.so.1
	./usr/local/lib/pkgconfig/libdmabuf-sync.pc
	./usr/local/lib/$python/dist-packages/dmabuf_sync.py
	./usr/local/lib/systemd/system/dmasync-exporter.service
	./usr/local/lib/systemd/system/dmasync-exporter.socket
	./usr/local/lib/sysusers.d/dmabuf-sync.conf
	./usr/local/lib/udev/rules.d/70-dmabuf-sync.rules
	./usr/local/sbin/dmasync-exporter
	./usr/local/sbin/dmasync-record
	./usr/local/sbin/dmasync-report
	./usr/local/sbin/dmasync-top
	./usr/local/sbin/lsdmasync
	./usr/local/share/bash-completion/completions/dmasync-exporter
	./usr/local/share/bash-completion/completions/dmasync-record
	./usr/local/share/bash-completion/completions/dmasync-report
	./usr/local/share/bash-completion/completions/dmasync-top
	./usr/local/share/bash-completion/completions/lsdmasync
	./usr/local/share/dmasync-exporter/dmabuf-sync.rules.yml
	./usr/local/share/dmasync-exporter/grafana-dashboard.json
	./usr/local/share/fish/vendor_completions.d/dmasync-exporter.fish
	./usr/local/share/fish/vendor_completions.d/dmasync-record.fish
	./usr/local/share/fish/vendor_completions.d/dmasync-report.fish
	./usr/local/share/fish/vendor_completions.d/dmasync-top.fish
	./usr/local/share/fish/vendor_completions.d/lsdmasync.fish
	./usr/local/share/man/man3/libdmabuf-sync.3
	./usr/local/share/man/man8/dmasync-exporter.8
	./usr/local/share/man/man8/dmasync-record.8
	./usr/local/share/man/man8/dmasync-report.8
	./usr/local/share/man/man8/dmasync-top.8
	./usr/local/share/man/man8/lsdmasync.8
	./usr/local/share/zsh/site-functions/_dmasync-exporter
	./usr/local/share/zsh/site-functions/_dmasync-record
	./usr/local/share/zsh/site-functions/_dmasync-report
	./usr/local/share/zsh/site-functions/_dmasync-top
	./usr/local/share/zsh/site-functions/_lsdmasync
	END
}

signed() {
	[ "$(modinfo -F signer "$dir/stage/lib/modules/$release/updates/$1.ko")" = "dmabuf-sync test key" ]
}

all_are_signed() { signed dmabuf_sync && signed dmabuf_copy && signed dma_sim && signed dma_edu; }

leaves_an_empty_destdir() {
	uninstall DESTDIR="$dir/stage" > /dev/null && [ -z "$(find "$dir/stage" -type f)" ]
}

# The machine says that it takes signed modules only; it does not mean it.
tells_how_to_sign() {
	local enforce=/sys/module/module/parameters/sig_enforce status

	echo Y > "$dir/enforce"
	mount --bind "$dir/enforce" $enforce || return
	module_install > "$dir/said" 2>&1
	status=$?
	umount $enforce
	uninstall > /dev/null || return
	[ $status -eq 0 ] && grep -q 'mokutil --import /var/lib/dkms/mok.pub' "$dir/said" ||
		{ cat "$dir/said"; return 1; }
}

tidy() {
	[ ! -d /sys/module/dmabuf_sync ] || unloads
	udevadm control --exit 2> /dev/null
	umount "$moddir"
	rm -r "$dir"
}
trap tidy EXIT

hide_other_modules || exit 1
listing > "$dir/before"
"$key" "$dir/key.pem" "$dir/cert.der" || exit 1
/usr/lib/systemd/systemd-udevd --daemon

tap_plan 12
tap_test "installs" installs
tap_test "modprobe finds the module" loads
tap_test "the udev rule says who may open the device" rule_says_who_may_open
tap_test "dmasync-top shows who holds a buffer" top_shows_a_holder
tap_test "applications can include the headers" headers_compile
tap_test "programs and scripts can use the library" library_works
tap_test "modprobe -r unloads it" unloads
tap_test "uninstalling leaves nothing" uninstalls
tap_test "DESTDIR: everything goes there" stays_in_destdir
tap_test "modules are signed with the key that was given" all_are_signed
tap_test "DESTDIR: uninstalling empties it" leaves_an_empty_destdir
tap_test "secure boot: tells how to sign" tells_how_to_sign
tap_end
