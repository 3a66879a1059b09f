/*
 * qemu_line.h - a QEMU command line: what machine it is, and what it lacks to be on the LAN
 *
 * Layer: agent (command line). Text only, but for looking up the full path of a disk.
 */
#ifndef AGENT_CLI_QEMU_LINE_H
#define AGENT_CLI_QEMU_LINE_H

#include <limits.h>
#include <stdbool.h>

#include "common/error.h"
#include "common/ether.h"
#include "common/text.h"

/** QEMU_NETDEV - the id of the netdev that we add */
#define QEMU_NETDEV "lw"

enum {
	QEMU_WHO_BYTES = PATH_MAX + 8
};

/** enum qemu_plug - the netdev by which a QEMU takes a descriptor */
enum qemu_plug {
	QEMU_PLUG_DGRAM,  /* -netdev dgram: 7.2 and later */
	QEMU_PLUG_SOCKET, /* -netdev socket,fd= */
};

/**
 * struct qemu_line - a command line that was read
 * @words, @count: as given, borrowed
 * @program:	index of QEMU itself: nice(1) and the like may stand before it
 * @name:	a valid name: that of -name, else of the disk, else "machine"
 * @who:	what tells the machine from others of this host: "name NAME" or "disk PATH"; empty when it has
 *		neither
 * @device:	index of the words that describe a device for QEMU_NETDEV; 0: there is none
 * @has_mac:	the device has a MAC already
 */
struct qemu_line {
	char *const *words;
	int count;
	int program;
	char name[TEXT_NAME_BYTES];
	char who[QEMU_WHO_BYTES];
	int device;
	bool has_mac;
};

/** qemu_line_read() - Return: 0; -EINVAL with @err when we cannot start a machine in that way */
int qemu_line_read(char *const *words, int count, struct qemu_line *out, struct error *err);

/** qemu_line_plug() - Which netdev? @help: what QEMU says to "-netdev help". Return: 0; -ENOTSUP with @err */
int qemu_line_plug(const char *help, enum qemu_plug *out, struct error *err);

/**
 * struct qemu_added - what the machine gets
 * @fd:		number of the descriptor in the process of QEMU
 * @mac:	used where the device has none
 * @model:	of the device, where there is none; NULL: one that suits @line
 */
struct qemu_added {
	enum qemu_plug plug;
	int fd;
	struct mac mac;
	const char *model;
};

/** qemu_line_build() - The whole command line, with NULL at its end. Return: for qemu_line_free(), or NULL
 * without memory */
char **qemu_line_build(const struct qemu_line *line, const struct qemu_added *added);

/** qemu_line_free() - @words may be NULL */
void qemu_line_free(char **words);

#endif
