/* SPDX-License-Identifier: GPL-2.0-only */
/* The signals of a tool that runs until it is told to end. */
#ifndef SIGNALS_H
#define SIGNALS_H

/*
 * SIGUSR1, and all that end a program, are read from now on instead of doing what they do:
 * as struct signalfd_siginfo. Return: where from, without waiting. Ends the program on failure.
 */
int signals_open(void);

#endif /* SIGNALS_H */
