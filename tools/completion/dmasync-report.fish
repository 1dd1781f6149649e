# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of dmasync-report for fish.

complete -c dmasync-report -s J -l json -d 'One JSON object'
complete -c dmasync-report -l csv -x -a 'recording buffers groups pairs stacks latencies waits chains events' -d 'A table as CSV'
complete -c dmasync-report -l diff -r -F -d 'What differs from this recording'
complete -c dmasync-report -l folded -d 'Waiting by stack, for flame graphs'
complete -c dmasync-report -s l -l list -d 'Each record as a line of text'
complete -c dmasync-report -s g -l group -x -a 'exporter name process comm engine' -d 'Groups by this'
complete -c dmasync-report -l perfetto -r -F -d 'Write a trace for ui.perfetto.dev'
complete -c dmasync-report -s n -l rows -x -d 'Rows of each table'
complete -c dmasync-report -l until -x -d 'Only so many seconds of it'
complete -c dmasync-report -s '?' -l help -d 'Show help'
complete -c dmasync-report -l usage -d 'Show a short usage'
complete -c dmasync-report -s V -l version -d 'Show the version'
