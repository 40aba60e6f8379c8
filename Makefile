# Agentic Autoscaler.  `make` builds, `make test` tests, `make demo` shows it; `make help` lists the rest.

BUILD   ?= build
CC      ?= gcc
DAEMONS := monitor planner executor watcher subscriber dashboard
BINS    := $(DAEMONS) app load
LIBS    := libhiredis libcurl libcjson libmicrohttpd libuv
VERSION := $(shell cat VERSION)

WARN    := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
           -Wformat=2 -Wpointer-arith -Wcast-qual -Wwrite-strings -Wold-style-definition
HARDEN  := -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fno-common
OPT     ?= -O2 -g
CFLAGS  ?=
ALLFLAGS = -std=c17 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -I. $(WARN) $(OPT) $(HARDEN) \
           $(shell pkg-config --cflags $(LIBS)) $(CFLAGS)
LINK     = $(CC) $(OPT) -pie -Wl,-z,relro,-z,now,--as-needed $(CFLAGS) $(LDFLAGS)
LDLIBS   = $(shell pkg-config --libs $(LIBS)) -lm

DIRS    := common $(BINS)
SRC     := $(wildcard $(addsuffix /*.c,$(DIRS)))
MAINS   := $(addsuffix /main.c,$(BINS))
PARTS   := $(filter-out $(MAINS),$(SRC))
OBJ     := $(SRC:%.c=$(BUILD)/obj/%.o)
SUITE   := $(BUILD)/obj/libsuite.a
UNIT    := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

.PHONY: all help clean
.DELETE_ON_ERROR:
all: $(BINS:%=$(BUILD)/bin/%)

help:
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

$(BUILD)/obj/%.o: %.c VERSION
	@mkdir -p $(@D)
	$(CC) $(ALLFLAGS) -MMD -MP -c -o $@ $<

# A thin archive of everything but the main files: each program links what it calls, no more.
$(SUITE): $(PARTS:%.c=$(BUILD)/obj/%.o)
	@rm -f $@
	$(AR) rcsTP $@ $^

$(BUILD)/bin/%: $(BUILD)/obj/%/main.o $(SUITE)
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ $(LDLIBS)

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(SUITE)
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ -lcmocka $(LDLIBS)

.SECONDARY:
-include $(OBJ:.o=.d) $(UNIT:$(BUILD)/unit/%=$(BUILD)/obj/tests/unit/%.d)

clean: ## remove what was built
	rm -rf build
