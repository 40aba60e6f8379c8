# Agentic Autoscaler.  `make` builds, `make test` tests, `make demo` shows it; `make help` lists the rest.
# Settings: BUILD=folder CC=clang OPT='-O0 -g' CFLAGS=… LDFLAGS=…, V=1 to see the commands.

BUILD   ?= build
ifeq ($(origin CC),default)
CC      := gcc
endif
DAEMONS := monitor planner executor watcher subscriber dashboard
BINS    := $(DAEMONS) app load replay
LIBS    := hiredis libcurl libcjson libmicrohttpd libuv zlib
VERSION := $(shell cat VERSION)

WARN    := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
           -Wformat=2 -Wpointer-arith -Wcast-qual -Wwrite-strings -Wold-style-definition
HARDEN  := -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fno-common
OPT     ?= -O2 -g
CFLAGS  ?=
LIBFLAGS:= $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
LDLIBS  := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lm
ALLFLAGS = -std=c17 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -I. $(WARN) $(OPT) $(HARDEN) \
           $(LIBFLAGS) $(CFLAGS)
LINK     = $(CC) $(OPT) -pie -Wl,-z,relro,-z,now,--as-needed $(CFLAGS) $(LDFLAGS)

DIRS    := common $(BINS)
SRC     := $(wildcard $(addsuffix /*.c,$(DIRS)))
MAINS   := $(addsuffix /main.c,$(BINS))
PARTS   := $(filter-out $(MAINS),$(SRC))
OBJ     := $(SRC:%.c=$(BUILD)/obj/%.o)
SUITE   := $(BUILD)/obj/libsuite.a
UNIT    := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ    := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAY  := $(FUZZ:%=$(BUILD)/unit/replay_%)

ifndef V
say      = @printf '  %-5s %s\n' $(1) $@;
endif

.PHONY: all help clean
.DELETE_ON_ERROR:
all: $(BINS:%=$(BUILD)/bin/%)

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

$(BUILD)/obj/%.o: %.c VERSION
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(ALLFLAGS) -MMD -MP -c -o $@ $<

# Its .incbin files are none of the compiler's dependencies.
UPLOT   := $(addprefix dashboard/node_modules/uplot/dist/,uPlot.iife.min.js uPlot.min.css)
$(BUILD)/obj/dashboard/assets.o: $(wildcard dashboard/www/*) $(UPLOT)

$(UPLOT) &: dashboard/package.json dashboard/package-lock.json dashboard/.npmrc
	scripts/node-modules
	@touch $(UPLOT)

# A thin archive of everything but the main files: each program links what it calls, no more.
$(SUITE): $(PARTS:%.c=$(BUILD)/obj/%.o)
	@rm -f $@
	$(call say,AR) $(AR) rcsTP $@ $^

$(BUILD)/bin/%: $(BUILD)/obj/%/main.o $(SUITE)
	@mkdir -p $(@D)
	$(call say,LINK) $(LINK) -o $@ $^ $(LDLIBS)

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(SUITE)
	@mkdir -p $(@D)
	$(call say,LINK) $(LINK) -o $@ $^ -lcmocka $(LDLIBS)

$(BUILD)/unit/replay_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay.o $(SUITE)
	@mkdir -p $(@D)
	$(call say,LINK) $(LINK) -o $@ $^ -lcmocka $(LDLIBS)

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(SUITE)
	@mkdir -p $(@D)
	$(call say,LINK) $(LINK) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

.SECONDARY:
-include $(OBJ:.o=.d) $(UNIT:$(BUILD)/unit/%=$(BUILD)/obj/tests/unit/%.d) \
	$(wildcard $(BUILD)/obj/tests/fuzz/*.d)

# --- tests: each suite adds its counts to $(BUILD)/test-results; `make test` ends on the sum ---

.PHONY: setup test programs unit integration docker browser soak chaos asan lint
setup: ## install what building, testing and the demo need (Debian packages)
	scripts/setup

test: setup ## set up, build, and run every test
	rm -rf $(BUILD)/test-results
	$(MAKE) all
	$(MAKE) -k unit integration docker; status=$$?; scripts/test-summary $(BUILD); exit $$status

programs: all $(UNIT) $(REPLAY) ## build everything, the unit tests too; run nothing

unit: $(UNIT) $(REPLAY) ## pure code, without processes
	BUILD=$(BUILD) scripts/run-tests unit

integration: all ## daemons as processes, real Redis and nginx
	BUILD=$(BUILD) scripts/run-tests integration

docker: all ## a private Docker Engine, the whole compose file
	BUILD=$(BUILD) scripts/run-tests docker

browser: all ## the page in a headless browser, before the whole suite at work; `make docker` has it too
	BUILD=$(BUILD) scripts/run-tests browser

soak: all ## 2,000 cycles (SOAK_CYCLES) of replicas up and down under load; takes half an hour
	BUILD=$(BUILD) SOAK_CYCLES=$${SOAK_CYCLES:-2000} scripts/run-tests soak -s

chaos: all ## faults of every kind under load, again and again for CHAOS_SEC (3600) seconds
	BUILD=$(BUILD) CHAOS_SEC=$${CHAOS_SEC:-3600} scripts/run-tests chaos -s

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
asan: ## unit and integration tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(MAKE) BUILD=build/asan OPT='-O1 -g' CFLAGS='$(SANITIZE) -U_FORTIFY_SOURCE' unit integration

# Threads: those that app computes in, and those that libuv and libcurl look names up in.  What is
# about rates and sizes is left out: ThreadSanitizer slows down and swells.
TSAN_TESTS := (test_app or test_bus or test_service or test_monitor) \
	and not test_monitor_traffic and not long_history
.PHONY: tsan tsan-run coverage
tsan: ## integration tests of what has threads under ThreadSanitizer
	TSAN_OPTIONS='halt_on_error=1 exitcode=66' $(MAKE) BUILD=build/tsan OPT='-O1 -g' \
		CFLAGS='-fsanitize=thread -U_FORTIFY_SOURCE' tsan-run

tsan-run: all
	BUILD=$(BUILD) scripts/run-tests integration -k '$(TSAN_TESTS)'

coverage: ## line coverage of the pure files by the unit tests; under 95 % it fails
	@find build/coverage -name '*.gcda' -delete 2>/dev/null || true
	$(MAKE) BUILD=build/coverage CC=gcc OPT='-O0 -g' CFLAGS='--coverage -U_FORTIFY_SOURCE' unit
	scripts/coverage build/coverage/obj

# What it finds stays in build/fuzz; an input worth keeping goes into the corpus by hand, under a name.
FUZZ_SEC ?= 60
.PHONY: fuzz fuzz-run
fuzz: ## fuzz each target of tests/fuzz for FUZZ_SEC (60) seconds, with both sanitizers
	$(MAKE) BUILD=build/fuzz CC=clang OPT='-O1 -g' \
		CFLAGS='$(SANITIZE) -fsanitize=fuzzer-no-link -U_FORTIFY_SOURCE' fuzz-run

fuzz-run: $(FUZZ:%=$(BUILD)/fuzz/%)
	@for name in $(FUZZ); do \
		mkdir -p $(BUILD)/corpus/$$name; \
		ASAN_OPTIONS=quarantine_size_mb=32 \
			$(BUILD)/fuzz/$$name -max_total_time=$(FUZZ_SEC) -timeout=10 -rss_limit_mb=512 \
			-max_len=8192 -verbosity=0 -print_final_stats=1 -artifact_prefix=$(BUILD)/$$name- \
			$(BUILD)/corpus/$$name tests/fuzz/corpus/$$name || exit; \
	done

lint: all $(UNIT) ## formatting, clang build, clang-tidy, cppcheck, purity, headers, types of the page, shell
	@clang-format --dry-run -Werror $(shell git ls-files '*.c' '*.h')
	$(MAKE) BUILD=build/clang CC=clang all
	@printf '%s\n' $(SRC) | xargs -P 2 -I{} clang-tidy --quiet {} -- $(ALLFLAGS) 2>/dev/null
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --suppressions-list=.cppcheck \
		--enable=warning,performance,portability -I. -DVERSION='""' \
		--include=/usr/include/utlist.h --include=/usr/include/uthash.h $(DIRS)
	scripts/lint-purity $(BUILD)/obj
	@scripts/lint-headers $(filter-out -fstack% -D_FORTIFY%,$(ALLFLAGS))
	scripts/lint-shape
	scripts/node-modules dev
	dashboard/node_modules/.bin/tsc -p dashboard
	shellcheck $(shell git ls-files scripts .ci deploy/redis/make-users deploy/completion debian/postrm debian/prerm)

# --- to see it, to measure it ---

.PHONY: demo down screenshots bench bench-policy env-example settings-doc
demo: ## bring everything up in containers, drive load, watch it scale
	scripts/demo

down: ## stop the demo and remove what it made
	scripts/down

screenshots: all ## pictures of the page into docs/images, of PICTURE_SEC (600) seconds of load up and down
	BUILD=$(BUILD) PICTURE_SEC=$${PICTURE_SEC:-600} scripts/run-tests screenshots

bench: all ## print a table of speed and size; asserts nothing
	BUILD=$(BUILD) tests/bench/run

bench-policy: all ## race the policies, on TRACES=folder too, into docs/policy-benchmark.md; takes long
	BUILD=$(BUILD) tests/bench/policy.py

env-example: all ## write .env.example from the settings tables
	scripts/env-example $(BUILD)/bin > .env.example

settings-doc: all ## write docs/settings.md from the settings tables
	scripts/settings-doc $(BUILD)/bin > docs/settings.md

# --- to install it: DESTDIR, PREFIX and the usual names of directories ---

# On the PATH is what people call, under names that are nobody else's; what only systemd starts is in
# libexec.  Man pages are written in place, so that root builds nothing.
PREFIX         ?= /usr/local
bindir          = $(PREFIX)/bin
libexecdir      = $(PREFIX)/libexec
datadir         = $(PREFIX)/share
mandir          = $(datadir)/man
completiondir   = $(datadir)/bash-completion/completions
unitdir         = $(PREFIX)/lib/systemd/system
sysusersdir     = $(PREFIX)/lib/sysusers.d
tmpfilesdir     = $(PREFIX)/lib/tmpfiles.d
INSTALL_TO      = $(foreach v,BUILD DESTDIR bindir libexecdir datadir mandir completiondir unitdir \
                  sysusersdir tmpfilesdir,$(v)='$($(v))')

.PHONY: install uninstall deb
install: all ## install below PREFIX (/usr/local): programs, units, man pages, completion, examples
	$(INSTALL_TO) scripts/install

uninstall: ## remove what install put there, given the same variables
	$(INSTALL_TO) scripts/install --remove

deb: $(UPLOT) ## a Debian package of the source tree, in BUILD/deb
	scripts/deb '$(BUILD)/deb'

clean: ## remove what was built
	rm -rf build
