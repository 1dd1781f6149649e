# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of dmasync-record for fish.

complete -c dmasync-record -f
complete -c dmasync-record -s d -l duration -x -d 'End after so many seconds'
complete -c dmasync-record -s f -l flight -x -d 'Keep the last seconds, write them at a trigger'
complete -c dmasync-record -s t -l trigger -x -a 'wait= deadlock revoked' -d 'What a trigger is'
complete -c dmasync-record -l memory -x -d 'Room for the last seconds'
complete -c dmasync-record -s o -l output -r -F -d 'Write to this file'
complete -c dmasync-record -l probe -x -a 'tp_btf raw_tp' -d 'How to attach'
complete -c dmasync-record -l ring-size -x -d 'Size of each ring of events'
complete -c dmasync-record -l stacks -d 'Also where each access was requested'
complete -c dmasync-record -s v -l verbose -d 'Print what libbpf says'
complete -c dmasync-record -s '?' -l help -d 'Show help'
complete -c dmasync-record -l usage -d 'Show a short usage'
complete -c dmasync-record -s V -l version -d 'Show the version'
