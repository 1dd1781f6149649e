#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: test-check-log.sh
#
# Does check-log find every kind of report, and nothing else? TAP output,
# exit status 1 when a test failed. Needs no machine.

set -u
dir=$(cd "$(dirname "$0")" && pwd -P)

number=0
failed=0

# test NAME STATUS [ARG...]: check-log, fed from standard input, exits so.
test_status() {
	local name=$1 want=$2 got
	shift 2

	"$dir/check-log" "$@" > /dev/null 2>&1
	got=$?
	number=$((number + 1))
	if [ "$got" -eq "$want" ]; then
		echo "ok $number $name"
	else
		echo "not ok $number $name: exit status $got, not $want"
		failed=$((failed + 1))
	fi
}

# A headline among innocent lines.
test_report() {
	local line=$1

	test_status "report: $line" 1 <<-END
		[    1.000000] before
		[    2.000000] $line
		[    3.000000] after
	END
}

test_clean() {
	local line=$1

	test_status "no report: $line" 0 <<< "[    2.000000] $line"
}

each() {
	local line

	while IFS= read -r -u 4 line; do
		"$1" "$line"
	done 4<&0
}

reports() {
	cat <<-'END'
	WARNING: CPU: 1 PID: 77 at drivers/dma-buf/dma-fence.c:518 dma_fence_release+0xf1/0x130
	WARNING: drivers/gpu/drm/drm_gem.c:12 at drm_gem_foo+0x1/0x2, CPU#1: test/77
	WARNING: possible circular locking dependency detected
	WARNING: possible recursive locking detected
	WARNING: possible irq lock inversion dependency detected
	WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected
	WARNING: inconsistent lock state
	WARNING: bad unlock balance detected!
	WARNING: Nested lock was not taken
	WARNING: held lock freed!
	WARNING: suspicious RCU usage
	WARNING: lock held when returning to user space!
	WARNING: test/77 still has locks held!
	INFO: possible recursive locking detected
	INFO: trying to register non-static key.
	INFO: lockdep is turned off.
	[ BUG: Invalid wait context ]
	DEBUG_LOCKS_WARN_ON(ww_ctx->contending_lock)
	BUG: MAX_LOCKDEP_CHAIN_HLOCKS too low!
	BUG: scheduling while atomic: test/77/0x00000002
	BUG: sleeping function called from invalid context at kernel/locking/mutex.c:283
	BUG: unable to handle page fault for address: ffffc90000a3f000
	BUG: kernel NULL pointer dereference, address: 0000000000000008
	Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] PREEMPT SMP
	Oops: 0002 [#1] SMP
	general protection fault, probably for non-canonical address 0xdead: 0000 [#1]
	kernel BUG at drivers/dma-buf/dma-resv.c:291!
	BUG: KASAN: slab-use-after-free in dmabuf_sync_buf_put+0x1c/0x40 [dmabuf_sync]
	BUG: KFENCE: use-after-free read in foo+0x1/0x2
	BUG: KCSAN: data-race in foo / bar
	UBSAN: array-index-out-of-bounds in foo.c:12:3
	BUG kmalloc-64 (Tainted: G           O): Objects remaining in kmalloc-64 on __kmem_cache_shutdown()
	BUG: Bad page state in process test  pfn:1234
	rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
	rcu: INFO: rcu_preempt self-detected stall on CPU
	INFO: rcu_tasks detected stalls on tasks:
	rcu: rcu_preempt kthread starved for 5251 jiffies! g2589 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x0 ->cpu=0
	INFO: task test:77 blocked for more than 122 seconds.
	watchdog: BUG: soft lockup - CPU#0 stuck for 67s! [test:77]
	watchdog: Watchdog detected hard LOCKUP on cpu 0
	refcount_t: underflow; use-after-free.
	list_add corruption. prev->next should be next (ffff), but was dead. (prev=ffff).
	list_del corruption, ffff->next is LIST_POISON1 (dead000000000100)
	ODEBUG: free active (active state 0) object: ffff object type: timer_list
	DMA-API: dmabuf_copy 0000:00:04.0: device driver has pending DMA allocations while released from device [count=1]
	kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
	dmabuf_sync: 2 accesses leaked at unload
	irq 11: nobody cared (try booting with the "irqpoll" option)
	Kernel panic - not syncing: Fatal exception
	END
}

innocent() {
	cat <<-'END'
	dmabuf_sync: loaded
	Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible via Spectre v2 BHB attacks!
	traps: test[77] general protection fault ip:55d5c4f5b139 sp:7ffd error:0 in test[55d5c4f5b000+1000]
	test[77]: segfault at 0 ip 000055d5c4f5b139 sp 00007ffd error 4 in test[55d5c4f5b000+1000]
	FAULT_INJECTION: forcing a failure.
	debugfs: dmabuf_sync: snapshot
	loading out-of-tree module taints kernel.
	perf: interrupt took too long (2501 > 2500), lowering kernel.perf_event_max_sample_rate to 79750
	random: crng init done
	END
}

echo "TAP version 13"
each test_report < <(reports)
each test_clean < <(innocent)

test_status "prefix with level" 1 <<< $'<4>[    1.000000] WARNING: CPU: 0 PID: 1'
test_status "prefix with caller" 1 <<< $'[    1.000000][   T77] WARNING: CPU: 0 PID: 1'
test_status "line end of a serial console" 1 <<< $'[    1.000000] WARNING: CPU: 0 PID: 1\r'
test_status "no prefix" 1 <<< $'WARNING: CPU: 0 PID: 1'
test_status "empty log" 0 < /dev/null

old=$'[ 1.0] WARNING: CPU: 0 PID: 1\n[ 2.0] test a\n[ 3.0] fine\n'
test_status "report before the mark" 0 --after "test a" <<< "$old"
test_status "report behind the mark" 1 --after "test a" <<< "${old}[ 4.0] BUG: x"
test_status "the last mark counts" 0 --after "test a" <<< "${old}[ 4.0] BUG: x"$'\n'"[ 5.0] test a"
test_status "mark is plain text" 0 --after "a.[b" <<< $'[ 1.0] BUG: x\n[ 2.0] a.[b'
test_status "mark missing" 2 --after "test b" <<< "$old"
test_status "file missing" 2 /nonexistent/log < /dev/null
test_status "unknown option" 2 --before x < /dev/null

expect=$'[ 1.0] check-log: expect foo_lock+\n' warning=$'[ 2.0] WARNING: a.c:1 at foo_lock+0x1/0x2\n'
test_status "expected report" 0 <<< "$expect$warning"
test_status "expected report that does not come" 1 <<< "$expect"
test_status "another report than the expected one" 1 <<< "${expect}[ 2.0] WARNING: a.c:1 at bar+0x1/0x2"
test_status "expected report that comes twice" 1 <<< "$expect$warning$warning"
test_status "expected after it came" 1 <<< "$warning$expect"
test_status "expected twice, and came twice" 0 <<< "$expect$expect$warning$warning"
again=$'** replaying previous printk message **\r\n'
test_status "expected in a line printed again" 0 <<< "$expect$again$expect$warning"
test_status "expected report printed again" 0 <<< "$expect$warning$again$warning"
test_status "expected in a line broken off" 0 <<< "[ 1.0] check-log: expect f"$'\r\n'"$again$expect$warning"
test_status "report before a line printed again" 1 <<< "${warning}[ 1.0] x"$'\n'"${again}[ 1.0] xy"
test_status "report printed again" 1 <<< "[ 2.0] WARN"$'\r\n'"$again$warning"
test_status "expectation before the mark" 1 --after "test a" <<< "${expect}[ 1.5] test a"$'\n'"$warning"

report=$("$dir/check-log" <<< $'[ 1.0] a\n[ 2.0] BUG: b\n[ 3.0]  c\n[ 4.0] ---[ end trace 0 ]---\n[ 5.0] d')
number=$((number + 1))
if [ "$report" = $'[ 2.0] BUG: b\n[ 3.0]  c\n[ 4.0] ---[ end trace 0 ]---' ]; then
	echo "ok $number prints the report, to its end and no further"
else
	echo "not ok $number prints the report, to its end and no further"
	failed=$((failed + 1))
fi

echo "1..$number"
[ "$failed" -eq 0 ]
