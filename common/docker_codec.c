/* Pure. What the Docker Engine API says, as C structures.  A missing field takes its default, since
 * engines differ in what they send; a field of another type than the API's makes the whole message
 * unusable.  Names and addresses are checked letter by letter: they end up in nginx's
 * configuration and in URLs. */
#include "common/docker_codec.h"

#include "common/json.h"
#include "common/mem.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_MAX 256
#define FRAME_HEAD 8 /* bytes: stream, three zeros, length in network order */

static const struct {
	const char *word;
	enum docker_state state;
} STATES[] = {
	{"created", DOCKER_CREATED},   {"running", DOCKER_RUNNING},
	{"paused", DOCKER_PAUSED},     {"restarting", DOCKER_RESTARTING},
	{"removing", DOCKER_REMOVING}, {"exited", DOCKER_EXITED},
	{"dead", DOCKER_DEAD},
};

static const struct {
	const char *words;
	enum docker_health health;
} HEALTHS[] = {
	{"(healthy)", DOCKER_HEALTHY},
	{"(unhealthy)", DOCKER_UNHEALTHY},
	{"(health: starting)", DOCKER_HEALTH_STARTING},
};

/* ---- strings ---- */

/* The string member ${name}; "" when missing; -EBADMSG when it is no string or too long. */
static int get_str(const cJSON *o, const char *name, char *ret, size_t size)
{
	int err = json_get_str(o, name, ret, size);

	if (err != -ENOENT)
		return err;
	ret[0] = '\0';
	return 0;
}

static const char *text_or_empty(const char *s)
{
	return s == NULL ? "" : s;
}

/* A name as Docker allows it for containers and networks; "" for what is none or too long. */
static void copy_name(const char *s, char *ret, size_t size)
{
	size_t len = strlen(s);
	bool valid = len > 0 && len < size && isalnum((unsigned char)s[0]);

	for (size_t i = 0; valid && i < len; i++)
		valid = isalnum((unsigned char)s[i]) || strchr("_.-", s[i]) != NULL;
	if (valid)
		memcpy(ret, s, len + 1);
	else
		ret[0] = '\0';
}

static int get_id(const cJSON *o, const char *name, char ret[DOCKER_ID_MAX])
{
	char id[DOCKER_ID_MAX];

	if (json_get_str(o, name, id, sizeof(id)) != 0 || id[0] == '\0')
		return -EBADMSG;
	if (strspn(id, "0123456789abcdef") != strlen(id))
		return -EBADMSG;
	memcpy(ret, id, strlen(id) + 1);
	return 0;
}

/* ---- a container of the list ---- */

/* Names has the container's own name, "/app", and one "/other/alias" for each legacy link to it. */
static int decode_name(const cJSON *o, struct docker_container *c)
{
	const cJSON *names = json_get(o, "Names"), *item;

	if (names == NULL || cJSON_IsNull(names))
		return 0;
	if (!cJSON_IsArray(names))
		return -EBADMSG;
	cJSON_ArrayForEach (item, names) {
		if (!cJSON_IsString(item))
			return -EBADMSG;
		if (item->valuestring[0] != '/' || strchr(item->valuestring + 1, '/') != NULL)
			continue;
		copy_name(item->valuestring + 1, c->name, sizeof(c->name));
		return 0;
	}
	return 0;
}

static int decode_state(const cJSON *o, struct docker_container *c)
{
	char word[32], status[STATUS_MAX];

	if (get_str(o, "State", word, sizeof(word)) != 0 ||
	    get_str(o, "Status", status, sizeof(status)) != 0)
		return -EBADMSG;
	c->state = DOCKER_OTHER;
	for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++) {
		if (strcmp(word, STATES[i].word) == 0)
			c->state = STATES[i].state;
	}
	for (size_t i = 0; i < sizeof(HEALTHS) / sizeof(HEALTHS[0]); i++) {
		if (strstr(status, HEALTHS[i].words) != NULL)
			c->health = HEALTHS[i].health;
	}
	return 0;
}

static int decode_labels(const cJSON *o, struct docker_container *c)
{
	const cJSON *labels = json_get(o, "Labels");
	const char *target;

	if (labels == NULL || cJSON_IsNull(labels))
		return 0;
	if (!cJSON_IsObject(labels))
		return -EBADMSG;
	target = json_str(labels, LABEL_TARGET);
	c->is_target = target != NULL && strcmp(target, "true") == 0;
	copy_name(text_or_empty(json_str(labels, LABEL_REPLICA_OF)), c->replica_of,
		  sizeof(c->replica_of));
	return 0;
}

static bool is_address(const char *s)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, s, bytes) == 1 || inet_pton(AF_INET6, s, bytes) == 1;
}

/* Keep the first DOCKER_NETWORKS_MAX by name. */
static void insert_network(struct docker_container *c, const struct docker_network *network)
{
	size_t i = c->networks_n;

	while (i > 0 && strcmp(network->name, c->networks[i - 1].name) < 0)
		i--;
	if (i == DOCKER_NETWORKS_MAX)
		return;
	if (c->networks_n < DOCKER_NETWORKS_MAX)
		c->networks_n++;
	memmove(&c->networks[i + 1], &c->networks[i],
		(c->networks_n - i - 1) * sizeof(c->networks[0]));
	c->networks[i] = *network;
}

static int decode_networks(const cJSON *o, struct docker_container *c)
{
	const cJSON *networks = json_path(o, "NetworkSettings", "Networks", NULL), *item;
	struct docker_network network;

	if (networks == NULL || cJSON_IsNull(networks))
		return 0;
	if (!cJSON_IsObject(networks))
		return -EBADMSG;
	cJSON_ArrayForEach (item, networks) {
		memset(&network, 0, sizeof(network));
		copy_name(item->string, network.name, sizeof(network.name));
		if (!cJSON_IsObject(item) ||
		    get_str(item, "IPAddress", network.address, sizeof(network.address)) != 0)
			return -EBADMSG;
		if (network.address[0] != '\0' && !is_address(network.address))
			return -EBADMSG;
		if (network.name[0] != '\0')
			insert_network(c, &network);
	}
	return 0;
}

static int decode_container(const cJSON *o, struct docker_container *c)
{
	if (!cJSON_IsObject(o) || get_id(o, "Id", c->id) != 0)
		return -EBADMSG;
	if (json_get_int(o, "Created", 0, INT64_MAX, &c->created_sec) == -EBADMSG)
		return -EBADMSG;
	if (decode_name(o, c) != 0 || decode_state(o, c) != 0 || decode_labels(o, c) != 0)
		return -EBADMSG;
	return decode_networks(o, c);
}

int docker_list_decode(const cJSON *root, struct docker_container **ret, size_t *ret_n)
{
	int n = cJSON_IsArray(root) ? cJSON_GetArraySize(root) : -1;
	struct docker_container *list;
	const cJSON *item;
	size_t i = 0;

	if (n < 0 || n > DOCKER_CONTAINERS_MAX)
		return -EBADMSG;
	if (n == 0) {
		*ret = NULL;
		*ret_n = 0;
		return 0;
	}
	list = xcalloc((size_t)n, sizeof(*list));
	cJSON_ArrayForEach (item, root) {
		if (decode_container(item, &list[i++]) != 0) {
			free(list);
			return -EBADMSG;
		}
	}
	*ret = list;
	*ret_n = i;
	return 0;
}

/* ---- events ---- */

/* json_parse_exact keeps the digits of an integer that a double would round. */
static int get_int64(const cJSON *o, const char *name, int64_t *ret)
{
	const cJSON *item = json_get(o, name);
	long long value;
	char *end;

	if (item == NULL || !cJSON_IsRaw(item))
		return json_get_int(o, name, 0, INT64_MAX, ret) == 0 ? 0 : -EBADMSG;
	errno = 0;
	value = strtoll(item->valuestring, &end, 10);
	if (errno != 0 || *end != '\0' || value < 0)
		return -EBADMSG;
	*ret = value;
	return 0;
}

static int decode_event(const cJSON *root, struct docker_event *event)
{
	const cJSON *actor = json_get(root, "Actor");
	const char *type = json_str(root, "Type");

	if (type == NULL)
		return -EBADMSG;
	if (strcmp(type, "container") != 0)
		return -ENOMSG;
	if (json_get_text(root, "Action", event->action, sizeof(event->action)) != 0)
		return -EBADMSG;
	if (get_id(actor, "ID", event->id) != 0 ||
	    get_int64(root, "timeNano", &event->time_ns) != 0)
		return -EBADMSG;
	copy_name(text_or_empty(json_str(json_get(actor, "Attributes"), "name")), event->name,
		  sizeof(event->name));
	return 0;
}

int docker_event_decode(const char *line, size_t len, struct docker_event *ret)
{
	struct docker_event event = {0};
	cJSON *root;
	int err = json_parse_exact(line, len, &root);

	if (err != 0)
		return err;
	err = decode_event(root, &event);
	cJSON_Delete(root);
	if (err == 0)
		*ret = event;
	return err;
}

/* False where ${take} has had enough. */
static bool take_line(const struct buf *line, docker_event_take *take, void *cookie)
{
	struct docker_event event;
	int err;

	if (line->len == 0)
		return true;
	err = docker_event_decode(line->data, line->len, &event);
	return err == -ENOMSG || take(err == 0 ? &event : NULL, cookie);
}

int docker_events_decode(struct buf *rest, const char *bytes, size_t len, docker_event_take *take,
			 void *cookie)
{
	const char *end;
	size_t part;

	while ((end = memchr(bytes, '\n', len)) != NULL) {
		part = (size_t)(end - bytes);
		if (buf_append(rest, bytes, part) != 0)
			return -EFBIG;
		if (!take_line(rest, take, cookie))
			return -ECANCELED;
		buf_clear(rest);
		bytes = end + 1;
		len -= part + 1;
	}
	return buf_append(rest, bytes, len) != 0 ? -EFBIG : 0;
}

/* ---- versions ---- */

static bool is_version(const char *s)
{
	size_t major = strspn(s, "0123456789");
	size_t minor = s[major] == '.' ? strspn(s + major + 1, "0123456789") : 0;

	return major > 0 && major < 6 && minor > 0 && minor < 6 && s[major + 1 + minor] == '\0';
}

int docker_version_compare(const char *a, const char *b)
{
	char *a_end, *b_end;
	long a_major = strtol(a, &a_end, 10), b_major = strtol(b, &b_end, 10);
	long a_minor = *a_end == '.' ? strtol(a_end + 1, NULL, 10) : 0;
	long b_minor = *b_end == '.' ? strtol(b_end + 1, NULL, 10) : 0;

	if (a_major != b_major)
		return a_major < b_major ? -1 : 1;
	return (a_minor > b_minor) - (a_minor < b_minor);
}

int docker_version_choose(const char *min, const char *max, char ret[16])
{
	const char *newest = DOCKER_API_MAX;

	if (!is_version(min) || !is_version(max))
		return -EPROTONOSUPPORT;
	if (docker_version_compare(max, newest) < 0)
		newest = max;
	if (docker_version_compare(newest, min) < 0 ||
	    docker_version_compare(newest, DOCKER_API_MIN) < 0)
		return -EPROTONOSUPPORT;
	memcpy(ret, newest, strlen(newest) + 1);
	return 0;
}

/* ---- exec output, URLs ---- */

static bool is_frame(const unsigned char *p, size_t len)
{
	return len >= FRAME_HEAD && p[0] <= 3 && p[1] == 0 && p[2] == 0 && p[3] == 0;
}

/* Append what fits. */
static int append_cut(struct buf *out, const void *bytes, size_t len)
{
	size_t room = out->max - out->len;
	int err = buf_append(out, bytes, len < room ? len : room);

	return err == 0 && len > room ? -ENOBUFS : err;
}

int docker_frames_decode(const char *bytes, size_t len, struct buf *out)
{
	const unsigned char *p = (const unsigned char *)bytes;
	size_t n;
	int err;

	if (!is_frame(p, len))
		return append_cut(out, bytes, len);
	while (len > 0) {
		if (!is_frame(p, len))
			return -EBADMSG;
		n = (size_t)p[4] << 24 | (size_t)p[5] << 16 | (size_t)p[6] << 8 | p[7];
		p += FRAME_HEAD;
		len -= FRAME_HEAD;
		if (n > len)
			return -EBADMSG;
		err = append_cut(out, p, n);
		if (err != 0)
			return err;
		p += n;
		len -= n;
	}
	return 0;
}
