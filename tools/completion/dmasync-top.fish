# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of dmasync-top for fish.

set -l columns ino name driver tgid buffers exporter size_bytes waiting acquired_per_s contended_percent \
	handed_percent wait_avg_ns wait_max_ns oldest_wait_ns hold_cpu_avg_ns \
	hold_dma_avg_ns cpu_percent dma_percent queued_percent overlap_percent \
	overlap_ns overlap_possible_ns dma_for_cpu_ns cpu_for_dma_ns cpu_for_cpu_ns \
	engine_queue_ns nothing_to_do_ns cpu_behind_cpu cpu_behind_dma dma_behind_cpu \
	dma_behind_dma cpu_behind_cpu_ns cpu_behind_dma_ns dma_behind_cpu_ns \
	dma_behind_dma_ns syncs sync_wait_ns gone held holder_comm holder_tgid holder_tid \
	holder_owner \
	holder_mode holder_agent holder_engine holder_age_ns acquired contended released \
	failed deadlocks abandoned revoked backoffs total_acquired total_contended \
	total_released total_failed total_wait_ns total_hold_ns

complete -c dmasync-top -f
complete -c dmasync-top -s a -l above -x -d 'End when somebody has waited for so many seconds'
complete -c dmasync-top -s b -l batch -d 'Write windows one after the other'
complete -c dmasync-top -s B -l buffer -x -d 'Only buffers of this number, name or exporter'
complete -c dmasync-top -s c -l comm -x -d 'Only threads of this name, and what is in their way'
complete -c dmasync-top -l check -d 'Say what can be seen here'
complete -c dmasync-top -s d -l delay -x -d 'Length of a window in seconds'
complete -c dmasync-top -s g -l group -x -a 'buffer exporter name process comm engine' -d 'What a row is'
complete -c dmasync-top -s i -l idle -d 'Show idle rows, too'
complete -c dmasync-top -s n -l count -x -d 'End after so many windows'
complete -c dmasync-top -s p -l pid -x -a '(__fish_complete_pids)' -d 'Only this process, and what is in its way'
complete -c dmasync-top -s r -l replay -r -F -d 'Show a recording of dmasync-record'
complete -c dmasync-top -s s -l sort -x -a "$columns" -d 'Order of the rows'
complete -c dmasync-top -s t -l tid -x -a '(__fish_complete_pids)' -d 'Only this thread, and what is in its way'
complete -c dmasync-top -s v -l verbose -d 'Print what libbpf says'
complete -c dmasync-top -s J -l json -d 'One JSON object per line and window'
complete -c dmasync-top -l csv -a 'summary buffers groups pairs chains events' -d 'A table as CSV'
complete -c dmasync-top -l forget -x -d 'Forget buffers that were not used for so many seconds'
complete -c dmasync-top -l ino -x -d 'Only the buffer with this inode number'
complete -c dmasync-top -l max-accesses -x -d 'Accesses kept at once'
complete -c dmasync-top -l max-buffers -x -d 'Buffers kept at once'
complete -c dmasync-top -l probe -x -a 'tp_btf raw_tp' -d 'Kind of attachment'
complete -c dmasync-top -l ring-size -x -d 'Bytes of each ring of events'
complete -c dmasync-top -s '?' -l help -d 'Show help'
complete -c dmasync-top -l usage -d 'Show a short usage'
complete -c dmasync-top -s V -l version -d 'Show the version'
