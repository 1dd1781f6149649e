# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of dmasync-exporter for fish.

complete -c dmasync-exporter -f
complete -c dmasync-exporter -s l -l listen -x -a '127.0.0.1:9788 0.0.0.0:9788' -d 'Where to serve /metrics'
complete -c dmasync-exporter -l label-by -x -a 'exporter name none' -d 'Tell buffers apart by'
complete -c dmasync-exporter -l max-labels -x -d 'Values that this label has'
complete -c dmasync-exporter -l min-interval -x -d 'Whoever asks sooner gets the numbers of the last time'
complete -c dmasync-exporter -l max-accesses -x -d 'Accesses kept at once'
complete -c dmasync-exporter -l max-buffers -x -d 'Buffers kept at once'
complete -c dmasync-exporter -s v -l verbose -d 'Print what libbpf says'
complete -c dmasync-exporter -s '?' -l help -d 'Show help'
complete -c dmasync-exporter -l usage -d 'Show a short usage'
complete -c dmasync-exporter -s V -l version -d 'Show the version'
