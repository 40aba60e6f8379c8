/* Shell. What a command has to say goes out whole, or is told to have failed. */
#ifndef REPLAY_OUTPUT_H
#define REPLAY_OUTPUT_H

#include "common/buf.h"

#include <cjson/cJSON.h>

/* To standard output; to the file ${path}.  0; or -errno, after a sentence on standard error. */
int output_print(const struct buf *text);
int output_save(const char *path, const struct buf *text);

/* Append ${root}, which is deleted, as indented text. */
void output_add_json(cJSON *root, struct buf *out);

#endif
