/* SPDX-License-Identifier: MIT
 *
 * Threads in all sorts of blocking system calls, each with a pointer on its stack. None of them may notice that it was stopped, which happens 20 times: no
 * call answers EINTR, and none ends before its time. The calls whose time limits are relative and short end by them, so that the stops must not put them off
 * for ever either. Some of the stops follow so closely that threads are only on their way back into their calls.
 */
// leaks: | leaks=no | direct=1:100 reachable=20 reports=20
// leaks: blocked | leaks=no | direct=1:100 reachable=20 reports=20
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/programs/leak.h"

static int ends[2], sockets[2], timed[2], queue, semaphores, locked, lock_holder;
static volatile int word;
static atomic_int waiting, finished;
static sem_t semaphore;
static pid_t child;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Each returns the call's result, which must be as told at release(). */
static long wait_read(void)
{
	char byte;

	return read(ends[0], &byte, 1);
}

static long wait_poll(void)
{
	struct pollfd poll_for = { ends[0], POLLIN, 0 };

	return poll(&poll_for, 1, -1);
}

static long wait_poll_limit(void)
{
	struct pollfd poll_for = { ends[0], POLLIN, 0 };

	return poll(&poll_for, 1, 100000);
}

static long wait_ppoll(void)
{
	struct pollfd poll_for = { ends[0], POLLIN, 0 };
	struct timespec limit = { 100, 0 };

	return ppoll(&poll_for, 1, &limit, NULL);
}

static long wait_select(void)
{
	fd_set set;
	struct timeval limit = { 100, 0 };

	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	return select(ends[0] + 1, &set, NULL, NULL, &limit);
}

static long wait_epoll(void)
{
	struct epoll_event event = { EPOLLIN };
	int fd = epoll_create1(0);

	epoll_ctl(fd, EPOLL_CTL_ADD, ends[0], &event);
	return epoll_wait(fd, &event, 1, -1);
}

static long wait_epoll_limit(void)
{
	struct epoll_event event = { EPOLLIN };
	int fd = epoll_create1(0);

	epoll_ctl(fd, EPOLL_CTL_ADD, ends[0], &event);
	return epoll_pwait(fd, &event, 1, 100000, NULL);
}

/* A wait that is just being made again when the word changes ends at once, as it may for other reasons, too. */
static long ended_by_word(long result)
{
	return result == -1 && errno == EAGAIN && word ? 0 : result;
}

static long wait_futex(void)
{
	return ended_by_word(syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0));
}

static long wait_futex_limit(void)
{
	struct timespec limit = { 100, 0 };

	return ended_by_word(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &limit, NULL, 0));
}

static long wait_semaphore(void)
{
	return sem_wait(&semaphore);
}

static long wait_receive(void)
{
	char byte;

	return recv(sockets[0], &byte, 1, 0);
}

static long wait_receive_limit(void) /* answers EINTR whatever SA_RESTART says */
{
	char byte;

	return recv(timed[0], &byte, 1, 0);
}

static long wait_message(void)
{
	struct {
		long type;
		char text[8];
	} message;

	return msgrcv(queue, &message, 8, 0, 0);
}

static long wait_semop(void)
{
	struct sembuf down = { 0, -1, 0 };

	return semop(semaphores, &down, 1);
}

static long wait_child(void)
{
	return waitpid(child, NULL, 0) == child;
}

static long wait_lock(void)
{
	return flock(locked, LOCK_EX) == 0;
}

static long sleep_short(void)
{
	struct timespec time = { 0, 900000000 };
	double start = now();

	if (nanosleep(&time, NULL) != 0)
		return -1;
	return now() - start >= 0.9 ? 1 : -2;
}

static long sleep_rest(void) /* what is left goes to the same place: the stops do not put it off */
{
	struct timespec time = { 1, 500000000 };
	double start = now();

	if (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) != 0)
		return -1;
	return now() - start >= 1.5 && now() - start < 6 ? 1 : -2;
}

static long sleep_until(void)
{
	struct timespec time;
	double start = now();

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += 2;
	if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0)
		return -1;
	return now() - start >= 2 ? 1 : -2;
}

static long wait_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return sigwaitinfo(&set, NULL) == SIGUSR1;
}

static struct {
	const char *name;
	long (*wait)(void);
	long expected;
} calls[] = {
	{ "read", wait_read, 1 },
	{ "poll", wait_poll, 1 },
	{ "poll with a limit", wait_poll_limit, 1 },
	{ "ppoll", wait_ppoll, 1 },
	{ "select", wait_select, 1 },
	{ "epoll_wait", wait_epoll, 1 },
	{ "epoll_pwait", wait_epoll_limit, 1 },
	{ "futex", wait_futex, 0 },
	{ "futex with a limit", wait_futex_limit, 0 },
	{ "sem_wait", wait_semaphore, 0 },
	{ "recv", wait_receive, 1 },
	{ "recv with a limit", wait_receive_limit, 1 },
	{ "msgrcv", wait_message, 8 },
	{ "semop", wait_semop, 0 },
	{ "waitpid", wait_child, 1 },
	{ "flock", wait_lock, 1 },
	{ "nanosleep", sleep_short, 1 },
	{ "clock_nanosleep", sleep_rest, 1 },
	{ "clock_nanosleep, absolute", sleep_until, 1 },
	{ "sigwaitinfo", wait_signal, 1 },
};

#define CALLS (sizeof calls / sizeof calls[0])

static const char *blocked;
static pthread_t threads[CALLS];

static void *run(void *argument)
{
	size_t i = (size_t)(long)argument;
	char *volatile here = keep(50 + i);
	sigset_t all;

	sigfillset(&all);
	if (blocked)
		pthread_sigmask(SIG_SETMASK, &all, NULL);
	waiting++;
	errno = 0;
	long result = calls[i].wait();

	if (result != calls[i].expected) {
		printf("%s: %ld, errno %d (%s)\n", calls[i].name, result, errno, strerror(errno));
		fflush(stdout);
		_exit(1);
	}
	finished++;
	for (;;)
		pause();
	return here;
}

static void set_up(void)
{
	char path[] = "/tmp/leak_blocked.XXXXXX";
	struct timeval limit = { 100, 0 };

	CHECK(pipe(ends) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, timed) == 0);
	setsockopt(timed[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	queue = msgget(IPC_PRIVATE, 0600);
	semaphores = semget(IPC_PRIVATE, 1, 0600);
	sem_init(&semaphore, 0, 0);
	lock_holder = mkstemp(path);
	locked = open(path, O_RDWR);
	unlink(path);
	CHECK(queue >= 0 && semaphores >= 0 && lock_holder >= 0 && locked >= 0 && flock(lock_holder, LOCK_EX) == 0);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
}

static void release(void)
{
	struct {
		long type;
		char text[8];
	} message = { 1, "message" };
	struct sembuf up = { 0, 1, 0 };

	msgsnd(queue, &message, 8, 0);
	semop(semaphores, &up, 1);
	word = 1;
	syscall(SYS_futex, &word, FUTEX_WAKE, 100, NULL, NULL, 0);
	sem_post(&semaphore);
	send(sockets[1], "x", 1, 0);
	send(timed[1], "x", 1, 0);
	kill(child, SIGKILL);
	close(lock_holder);
	pthread_kill(threads[CALLS - 1], SIGUSR1);
	for (int i = 0; i < 2; i++)
		CHECK(write(ends[1], "x", 1) == 1);
}

int main(int argc, char **argv)
{
	sigset_t only;

	blocked = argv[1];
	sigemptyset(&only);
	sigaddset(&only, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &only, NULL);
	set_up();
	lose(100);
	for (size_t i = 0; i < CALLS; i++)
		CHECK(pthread_create(&threads[i], NULL, run, (void *)(long)i) == 0);
	while (waiting < (int)CALLS)
		usleep(1000);
	usleep(20000);
	for (int i = 0; i < 20; i++) {
		look();
		usleep(i % 2 ? 500 : 10000);
	}
	release();
	for (int i = 0; finished < (int)CALLS; i++) {
		usleep(1000);
		CHECK(i < 20000);
	}
	msgctl(queue, IPC_RMID, NULL);
	semctl(semaphores, 0, IPC_RMID);
	say_ok();
	return 0;
}
