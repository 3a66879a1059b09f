/*
 * micro.h - what all micro-benchmarks share: prepare, run once to warm up, run again and count
 *
 * Run by micro.py beneath callgrind, which counts instructions: of our own objects, and apart from them those
 * of the libraries. Without callgrind a program does the same work and counts nothing.
 *
 * The name of a benchmark stays as long as its work does: counts of one name are compared between commits.
 */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct micro - one benchmark
 * @name:	lower case, digits and underscores
 * @prepare:	called before each run, and not counted; or NULL
 * @run:	what is counted; the same work each time
 * @each:	how often run() does what the name says: counts are told for one of them
 */
struct micro {
	const char *name;
	void (*prepare)(void);
	void (*run)(void);
	unsigned each;
};

/** micro_main() - Run all of @list. Return: for main() */
int micro_main(const struct micro *list, size_t count);

/** micro_must() - End the program unless @holds: a benchmark that does other work than it says is none */
void micro_must(bool holds, const char *what);

#define MICRO_COUNT(list) (sizeof(list) / sizeof((list)[0]))

#endif
