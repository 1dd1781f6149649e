# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The machine's QEMU command line, and whether KVM can run it.
#
# QEMU comes out of the guest root, with its libraries, and runs here: the same on every host.
# Versions before 8.1, such as that of Debian 12, run stale code when one processor changes
# what another one is about to run, as ftrace, tracepoints and static branches do: the
# guest then dies of a breakpoint ("Oops: int3").

# Sets QEMU, the command, for the guest root's TREE.
qemu_use() {
	local usr=$1/usr lib=$1/usr/lib/x86_64-linux-gnu

	QEMU=(env "QEMU_MODULE_DIR=$lib/qemu" "$lib/ld-linux-x86-64.so.2" --library-path "$lib"
		"$usr/bin/qemu-system-x86_64" -L "$usr/share/qemu" -L "$usr/share/seabios")
}

# Kernel parameters: a panic ends the machine at once, an Oops is a panic;
# everything goes to the console log. On a loaded host an emulated machine may
# stand still for seconds: no timer check at boot, long limits for stalls.
QEMU_APPEND="console=ttyS0 ignore_loglevel printk.devkmsg=on panic=-1 oops=panic"
# A test may make many warnings on purpose, and all of the log is looked at behind it.
QEMU_APPEND+=" log_buf_len=4M"
QEMU_APPEND+=" mitigations=off no_timer_check rcupdate.rcu_cpu_stall_timeout=60 watchdog_thresh=30"

# A path as the value of a QEMU option.
qemu_path() { echo "${1//,/,,}"; }

# What every machine has, the trial included.
qemu_base() {
	local kernel=$1 initrd=$2 log=$3

	qemu_cmd=("${QEMU[@]}" -nodefaults -no-user-config -display none -no-reboot -M q35
		-kernel "$kernel" -initrd "$initrd"
		-chardev "file,id=log,path=$(qemu_path "$log")" -serial chardev:log)
}

# A folder of the host, under a 9p mount tag.
qemu_share() {
	local tag=$1 dir=$2 options=$3

	qemu_cmd+=(-fsdev "local,id=$tag,path=$(qemu_path "$dir"),security_model=none,$options"
		-device "virtio-9p-pci,fsdev=$tag,mount_tag=$tag")
}

# A virtio port with a chardev behind it.
qemu_port() {
	local name=$1 chardev=$2

	qemu_cmd+=(-chardev "$chardev,id=$name"
		-device "virtserialport,bus=ports.0,chardev=$name,name=$name")
}

# Virtio devices go past it, which they may as long as they do not promise otherwise: what the
# machine is made of costs the same with it.
qemu_iommu() {
	qemu_cmd+=(-device intel-iommu)
	append+=" intel_iommu=on"
}

qemu_accel() {
	case $1 in
	kvm)	qemu_cmd+=(-accel kvm -cpu host) ;;
	tcg)	qemu_cmd+=(-accel "tcg,thread=multi" -cpu max) ;;
	icount)	qemu_cmd+=(-accel "tcg,thread=single" -cpu max -icount "shift=0,sleep=off") ;;
	esac
}

# Does KVM bring this kernel to user space? QEMU may hang or abort here.
qemu_kvm_trial() {
	local dir result=no

	dir=$(mktemp -d)
	qemu_base "$1" "$2" "$dir/log"
	qemu_accel kvm
	(ulimit -c 0; timeout -k 1 8 setpriv --pdeathsig KILL "${qemu_cmd[@]}" -m 256M \
		-append "$QEMU_APPEND vm.probe") </dev/null >/dev/null 2>&1
	grep -qs "vm: probe passed" "$dir/log" && result=yes
	rm -r "$dir"
	echo $result
}

# kvm or tcg for this kernel; the trial's answer is kept in the cache until
# QEMU, the host's kernel or the guest's kernel change.
qemu_choose_accel() {
	local kernel=$1 initrd=$2 key file

	if ! [ -r /dev/kvm ] || ! [ -w /dev/kvm ]; then
		echo tcg
		return
	fi
	key=$({ "${QEMU[@]}" --version; uname -r; stat -c "%s %Y" "$kernel"; } | vm_hash)
	file=$(vm_cache)/kvm-$key
	if [ ! -s "$file" ]; then
		vm_say "trying whether KVM runs this kernel (at most 8 s, once)"
		qemu_kvm_trial "$kernel" "$initrd" > "$file.$$"
		mv "$file.$$" "$file"
		[ "$(cat "$file")" = yes ] || vm_say "it does not: the machine is emulated (TCG)"
	fi
	case $(cat "$file") in
	yes)	echo kvm ;;
	*)	echo tcg ;;
	esac
}
