/*
 * tap_linux.c - see tap_device.h; Documentation/networking/tuntap.rst
 */
#include "tap_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert((int)INTERFACE_NAME_BYTES == (int)IFNAMSIZ, "the kernel's names fit ours");

static struct ifreq request_for(const char *name)
{
	struct ifreq r = {0};

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	return r;
}

static int attach(int fd, const char *name)
{
	struct ifreq r = request_for(name);

	r.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &r) < 0)
		return -errno;
	/* A persistent interface keeps the offloads that its last user, perhaps QEMU, switched on. */
	return ioctl(fd, TUNSETOFFLOAD, 0) < 0 ? -errno : 0;
}

int tap_device_open(const char *name, enum tap_step *step)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), code;

	*step = TAP_STEP_FILE;
	if (fd < 0)
		return -errno;
	*step = TAP_STEP_ATTACH;
	code = attach(fd, name);
	if (code == 0)
		return fd;
	close(fd);
	return code;
}

/* One request about an interface, to whichever socket: it only says in which namespace. */
static int ask(unsigned long what, struct ifreq *r)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), code;

	if (fd < 0)
		return -errno;
	code = ioctl(fd, what, r) < 0 ? -errno : 0;
	close(fd);
	return code;
}

int tap_device_look(int fd, struct tap_link *out)
{
	struct ifreq own = {0}, r;

	if (ioctl(fd, TUNGETIFF, &own) < 0)
		return -errno;
	memcpy(out->name, own.ifr_name, sizeof(out->name));
	r = request_for(out->name);
	out->is_here = ask(SIOCGIFFLAGS, &r) == 0;
	if (!out->is_here) {
		out->is_up = true; /* until a frame is refused */
		return 0;
	}
	out->is_up = r.ifr_flags & IFF_UP;
	r = request_for(out->name);
	if (ask(SIOCGIFMTU, &r) == 0)
		out->mtu = (uint32_t)r.ifr_mtu;
	out->index = if_nametoindex(out->name);
	return 0;
}

int tap_device_set_up(const char *name)
{
	struct ifreq r = request_for(name);
	int code = ask(SIOCGIFFLAGS, &r);

	if (code < 0 || r.ifr_flags & IFF_UP)
		return code;
	r.ifr_flags |= IFF_UP;
	return ask(SIOCSIFFLAGS, &r);
}

int tap_device_set_mtu(const char *name, uint32_t mtu)
{
	struct ifreq r = request_for(name);

	r.ifr_mtu = (int)mtu;
	return ask(SIOCSIFMTU, &r);
}

int tap_device_set_carrier(int fd, bool on)
{
	int carrier = on;

	return ioctl(fd, TUNSETCARRIER, &carrier) < 0 ? -errno : 0;
}
