// SPDX-License-Identifier: GPL-2.0-only
/* The processes of the differential test. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "play.h"
#include "st.h"

static const int modes[NR_FILES] = { O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY };

static int file_open_tmpfs(int mode)
{
	char path[] = "/dev/shm/differential.XXXXXX";
	int fd = mkstemp(path), ret;

	if (fd < 0 || ftruncate(fd, FILE_SIZE))
		return -errno;
	ret = open(path, mode);
	close(fd);
	unlink(path);
	return ret < 0 ? -errno : ret;
}

static int file_open_dma(int mode)
{
	struct st_buffer buf;
	int err;

	err = mode == O_RDWR ? st_buffer_udmabuf(&buf, FILE_SIZE) :
			       st_buffer_heap(&buf, FILE_SIZE, mode);
	if (err)
		return err;
	fcntl(buf.fd, F_SETFD, 0);
	return buf.fd;
}

static int file_open(struct side *side, unsigned int i)
{
	struct stat st;
	int fd;

	fd = side->dma ? file_open_dma(modes[i]) : file_open_tmpfs(modes[i]);
	if (fd < 0)
		return fd;
	side->fd[i] = fd;
	if (fstat(fd, &st))
		return -errno;
	snprintf(side->id[i], sizeof(side->id[i]), "%02x:%02x:%lu", major(st.st_dev),
		 minor(st.st_dev), (unsigned long)st.st_ino);
	return 0;
}

int side_open(struct side *side, bool dma, bool broken)
{
	unsigned int i;
	int err = 0;

	*side = (struct side){ .dma = dma, .broken = broken };
	for (i = 0; i < NR_FILES; i++)
		side->fd[i] = -1;
	for (i = 0; !err && i < NR_FILES; i++)
		err = file_open(side, i);
	for (i = 0; !err && i < NR_PLAYERS; i++)
		err = player_start(side, i);
	return err;
}

void side_close(struct side *side)
{
	unsigned int i;

	for (i = 0; i < NR_PLAYERS; i++)
		player_end(&side->player[i]);
	for (i = 0; i < NR_FILES; i++)
		if (side->fd[i] >= 0)
			close(side->fd[i]);
}

static int play_lock(const struct step *step, int fd, bool broken, struct flock *fl)
{
	*fl = step->fl;
	if (broken && fl->l_type == F_UNLCK && fl->l_len > 1)
		fl->l_len--;
	return fcntl(fd, step->cmd, fl) ? -errno : 0;
}

static int play_fork(const struct step *step, int fd, bool broken)
{
	struct flock fl;
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(-play_lock(step, fd, broken, &fl));
	while (waitpid(pid, &status, 0) != pid)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

/* The new program answers. */
static void play_exec(const int *fds, int from, int to, bool broken)
{
	char text[NR_FILES + 3][12], *argv[NR_FILES + 6] = { "differential", "--player" };
	unsigned int i;

	for (i = 0; i < NR_FILES; i++)
		snprintf(text[i], sizeof(text[i]), "%d", fds[i]);
	snprintf(text[i++], sizeof(text[0]), "%d", from);
	snprintf(text[i++], sizeof(text[0]), "%d", to);
	snprintf(text[i++], sizeof(text[0]), "%d", broken);
	while (i--)
		argv[i + 2] = text[i];
	execv("/proc/self/exe", argv);
	_exit(1);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void player_answer_write(int to, const struct answer *answer)
{
	while (write(to, answer, sizeof(*answer)) < 0)
		if (errno != EINTR)
			_exit(1);
}

static void player_loop(const int *fds, int from, int to, bool broken)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct answer answer;
	struct step step;
	ssize_t got;
	int fd;

	sigaction(SIGUSR1, &action, NULL);
	for (;;) {
		got = read(from, &step, sizeof(step));
		if (got < 0 && errno == EINTR)
			continue;
		if (got != sizeof(step))
			_exit(0);
		answer = (struct answer){ 0 };
		fd = fds[step.file];
		switch (step.kind) {
		case STEP_LOCK:
			answer.error = play_lock(&step, fd, broken, &answer.fl);
			break;
		case STEP_CLOSE:
			answer.error = close(dup(fd)) ? -errno : 0;
			break;
		case STEP_FORK:
			answer.error = play_fork(&step, fd, broken);
			break;
		default:
			play_exec(fds, from, to, broken);
		}
		player_answer_write(to, &answer);
	}
}

int player_main(int argc, char **argv)
{
	struct answer answer = { 0 };
	int number[NR_FILES + 3], i;

	if (argc != NR_FILES + 5)
		return 2;
	for (i = 0; i < NR_FILES + 3; i++)
		number[i] = atoi(argv[i + 2]);
	player_answer_write(number[NR_FILES + 1], &answer);
	player_loop(number, number[NR_FILES], number[NR_FILES + 1], number[NR_FILES + 2]);
	return 0;
}

int player_start(struct side *side, unsigned int nr)
{
	struct player *player = &side->player[nr];
	int to[2], from[2];

	if (pipe(to) || pipe(from))
		return -errno;
	player->pid = st_fork();
	if (!player->pid) {
		close(to[1]);
		close(from[0]);
		player_loop(side->fd, to[0], from[1], side->broken);
	}
	close(to[0]);
	close(from[1]);
	player->to = to[1];
	player->from = from[0];
	return player->pid < 0 ? -errno : 0;
}

void player_end(struct player *player)
{
	if (player->pid <= 0)
		return;
	kill(player->pid, SIGKILL);
	waitpid(player->pid, NULL, 0);
	close(player->to);
	close(player->from);
	player->pid = 0;
}

int player_send(struct player *player, const struct step *step)
{
	return write(player->to, step, sizeof(*step)) == sizeof(*step) ? 0 : -EPIPE;
}

bool player_answers(struct player *player, int ms)
{
	struct pollfd pollfd = { .fd = player->from, .events = POLLIN };

	return poll(&pollfd, 1, ms) == 1;
}

int player_answer(struct player *player, struct answer *answer)
{
	return read(player->from, answer, sizeof(*answer)) == sizeof(*answer) ? 0 : -EPIPE;
}

bool player_sleeps(const struct player *player)
{
	char path[48], text[64] = "";
	FILE *f;
	long nr;

	snprintf(path, sizeof(path), "/proc/%d/syscall", player->pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	nr = fgets(text, sizeof(text), f) && text[0] != 'r' ? atol(text) : -1;
	fclose(f);
	return nr == SYS_fcntl;
}
