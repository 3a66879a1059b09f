/*
 * endpoint.h - one end of a machine's connection, as agent.conf names it
 *
 * Layer: agent. Pure: text to value and back; opens nothing, looks nothing up.
 *
 *	127.0.0.1:7001, [::1]:7001	an address
 *	localhost:7001			127.0.0.1, whatever the host's resolver says
 *	files.example:7001		a name, to be looked up by who uses it
 *	@name				a unix socket in Linux's abstract namespace
 *	/run/vm.sock, vm.sock, ./a:7	the path of a unix socket; a relative one is in the agent's folder
 */
#ifndef AGENT_ENDPOINT_H
#define AGENT_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/addr.h"
#include "common/error.h"

enum {
	ENDPOINT_PATH_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path), /* with NUL */
	ENDPOINT_TEXT_BYTES = ENDPOINT_PATH_BYTES + 8,                     /* NAME:PORT or @NAME */
};
_Static_assert((int)ENDPOINT_TEXT_BYTES >= (int)ADDR_TEXT_BYTES, "any endpoint fits");

enum endpoint_kind {
	ENDPOINT_NONE, /* not given */
	ENDPOINT_ADDR,
	ENDPOINT_NAME,
	ENDPOINT_PATH,
	ENDPOINT_ABSTRACT,
};

/**
 * struct endpoint - a value; zeroed where nothing is said, so that equality is equality of bytes
 * @addr:	of ENDPOINT_ADDR; of ENDPOINT_NAME only its port
 * @text:	absolute path, abstract name without '@', or host name
 */
struct endpoint {
	enum endpoint_kind kind;
	struct addr addr;
	char text[ENDPOINT_PATH_BYTES];
};

/**
 * endpoint_parse() - Read one
 * @folder:	where relative paths begin
 * @out:	filled on success
 *
 * Return: 0; -EINVAL or -ENAMETOOLONG with @err that names @text
 */
int endpoint_parse(const char *text, const char *folder, struct endpoint *out, struct error *err);

/** endpoint_format() - As endpoint_parse() reads it. Return: @out; "none" where nothing was said */
const char *endpoint_format(const struct endpoint *e, char out[ENDPOINT_TEXT_BYTES]);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/** endpoint_is_unix() - A path or an abstract name */
bool endpoint_is_unix(const struct endpoint *e);

/** endpoint_is_on_host() - Nobody on another host can be at it: a unix socket, or loopback */
bool endpoint_is_on_host(const struct endpoint *e);

/** endpoint_to_unix() - For the kernel. Return: length of the filled part. Only of a unix endpoint */
socklen_t endpoint_to_unix(const struct endpoint *e, struct sockaddr_un *out);

/**
 * endpoint_from_unix() - Who sent a datagram
 * @len:	as the kernel gave it
 * @folder:	a machine may have bound a relative path, which is then looked for here
 *
 * Return: false for a socket without a name, or with one that is too long in @folder
 */
bool endpoint_from_unix(const struct sockaddr_un *at, socklen_t len, const char *folder,
			struct endpoint *out);

#endif
