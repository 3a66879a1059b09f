/*
 * tap_linux.c - see tap_device.h; Documentation/networking/tuntap.rst
 */
#include "tap_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Linux 6.2; headers may be older than the kernel */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

_Static_assert((int)INTERFACE_NAME_BYTES == (int)IFNAMSIZ, "the kernel's names fit ours");

static struct ifreq request_for(const char *name)
{
	struct ifreq r = {0};

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	return r;
}

/* Return: 0 or a negative errno. A persistent interface keeps what its last user, perhaps QEMU, switched on. */
static int set_offloads(int fd, unsigned long flags)
{
	return ioctl(fd, TUNSETOFFLOAD, flags) < 0 ? -errno : 0;
}

/* The header before each frame is the short one, in this host's byte order, whatever a persistent interface's last
 * user asked for: the kernel keeps it. Only a kernel that was built for it knows the other order. */
static int use_plain_header(int fd)
{
	int len = sizeof(struct virtio_net_hdr), no = 0;

	ioctl(fd, TUNSETVNETLE, &no);
	ioctl(fd, TUNSETVNETBE, &no);
	return ioctl(fd, TUNSETVNETHDRSZ, &len) < 0 ? -errno : 0;
}

/* As much as the kernel has: datagrams in super-frames came with 6.2. */
static int ask_for_offloads(struct tap_device *d)
{
	const unsigned long tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;

	d->has_udp_offload = set_offloads(d->fd, tcp | TUN_F_USO4 | TUN_F_USO6) == 0;
	if (d->has_udp_offload || set_offloads(d->fd, tcp) == 0)
		return 0;
	return set_offloads(d->fd, 0); /* it takes ours all the same */
}

static int attach(struct tap_device *d, const char *name, bool offload)
{
	struct ifreq r = request_for(name);
	int code;

	r.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (offload)
		r.ifr_flags |= IFF_VNET_HDR;
	if (ioctl(d->fd, TUNSETIFF, &r) < 0)
		return -errno;
	d->has_offload = offload;
	if (!offload)
		return set_offloads(d->fd, 0);
	code = use_plain_header(d->fd);
	return code < 0 ? code : ask_for_offloads(d);
}

int tap_device_open(struct tap_device *out, const char *name, bool offload, enum tap_step *step)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), code;

	*out = (struct tap_device){.fd = fd};
	*step = TAP_STEP_FILE;
	if (fd < 0)
		return -errno;
	*step = TAP_STEP_ATTACH;
	code = attach(out, name, offload);
	if (code == 0)
		return 0;
	close(fd);
	out->fd = -1;
	return code;
}

void tap_device_close(struct tap_device *d)
{
	if (d->has_offload)
		set_offloads(d->fd, 0);
	close(d->fd);
	d->fd = -1;
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
