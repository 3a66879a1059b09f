/*
 * firewall.c - see firewall.h
 */
#include "firewall.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
	LINE_BYTES = 256,
	IPV4_AT = ADDR_IP_BYTES - 4
};

int firewall_is_enabled(const char *text)
{
	return strncasecmp(text, "ENABLED=yes", strlen("ENABLED=yes")) == 0;
}

static int ufw_is_enabled(void)
{
	FILE *file = fopen("/etc/ufw/ufw.conf", "re");
	char line[LINE_BYTES];
	int enabled = 0;

	while (file && !enabled && fgets(line, sizeof(line), file))
		enabled = firewall_is_enabled(line);
	if (file)
		fclose(file);
	return enabled;
}

enum firewall firewall_detect(void)
{
	if (ufw_is_enabled())
		return FIREWALL_UFW;
	/* systemd's control group of a running service; older ones also keep a pid file */
	if (access("/sys/fs/cgroup/system.slice/firewalld.service", F_OK) == 0 ||
	    access("/run/firewalld.pid", F_OK) == 0)
		return FIREWALL_FIREWALLD;
	return FIREWALL_NFT;
}

const char *firewall_name(enum firewall which)
{
	static const char *const names[] = {
		[FIREWALL_UFW] = "ufw",
		[FIREWALL_FIREWALLD] = "firewalld",
		[FIREWALL_NFT] = "nft",
	};

	return names[which];
}

void firewall_fix(enum firewall which, const char *interface, const struct addr *group, char *out,
		  size_t size)
{
	char ip[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, group->ip + IPV4_AT, ip, sizeof(ip));
	if (which == FIREWALL_UFW)
		snprintf(out, size, "sudo ufw allow in on %s to %s port %u proto udp", interface,
			 ip, group->port);
	else if (which == FIREWALL_FIREWALLD)
		snprintf(out, size,
			 "sudo firewall-cmd --permanent --add-port=%u/udp && "
			 "sudo firewall-cmd --reload",
			 group->port);
	else
		snprintf(out, size,
			 "sudo nft insert rule inet filter input ip daddr %s udp dport %u "
			 "accept (table and chain as `sudo nft list ruleset` shows them)",
			 ip, group->port);
}
