# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of lsdmasync for fish.

complete -c lsdmasync -f
complete -c lsdmasync -s J -l json -d 'One JSON object'
complete -c lsdmasync -s n -l noheadings -d 'No line with titles'
complete -c lsdmasync -s p -l pid -x -a '(__fish_complete_pids)' -d 'Only this process, and what is in its way'
complete -c lsdmasync -l ino -x -d 'Only the buffer with this inode number'
complete -c lsdmasync -s w -l waiting -d 'Only those that wait, and what is in their way'
complete -c lsdmasync -s '?' -l help -d 'Show help'
complete -c lsdmasync -l usage -d 'Show a short usage'
complete -c lsdmasync -s V -l version -d 'Show the version'
