# make test     install what the tests need, and run them, but for those of long and interop
# make long     the race detector on the largest packages, and tests with a hundred thousand records
# make interop  the suites with other programs by the dozen: NSS, Java, GnuTLS, OpenSSL, nginx, PgBouncer
# make lint     go vet and staticcheck
# make build    the program, in bin/notary
# make fuzz     each fuzzer for FUZZTIME
# make bench    the whole program under load, beside its budgets; ARGS='--rows 1000000' and the like

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null)
FUZZTIME    ?= 30s
PACKAGES    ?= ./...

# The store and what is above it run once on each engine. Tests of one engine's own ways, and of nodes on PostgreSQL,
# are named so: they run in the first line only.
ENGINES     := ./internal/ca ./internal/auth ./internal/jobs ./internal/rest
POSTGRES    := NOTARY_TEST_ENGINE=postgres

# The race detector watches our code and its libraries, but not the inside of these: C that was translated to Go, and
# arithmetic. They share no memory with us but what we hand them, and would take five times as long as all else. It
# watches packages whose values several goroutines use at once. LARGE ones take minutes, and are left to make long.
UNWATCHED   := modernc.org/sqlite/lib golang.org/x/crypto/argon2 golang.org/x/crypto/blake2b
RACE        := -race $(foreach p,$(UNWATCHED),-gcflags='$(p)=-race=false -d=checkptr=0')
LIMIT       := -timeout 2h
SHARED      := /(client|app|auth|clock|db|issuers|jobs|keystore|publish|revocation|server)$$
LARGE       := ./internal/ca ./internal/rest ./internal/store/...
INTEROP     := ^TestInterop
SCALE       := AHundredThousand
ONE_ENGINE  := ^Test(SQLite|Postgres|Nodes)

export PATH := $(PATH):/usr/sbin

.PHONY: test tests long interop lint build fuzz bench

# A tool that is missing is installed first.
test:
	scripts/test-tools
	scripts/with-postgres $(MAKE) --no-print-directory tests

# With what is installed, on the PostgreSQL server of NOTARY_TEST_POSTGRES.
tests:
	go list $(PACKAGES) | grep -E '$(SHARED)' | xargs -r go test $(RACE) $(LIMIT) -skip '$(INTEROP)'
	go list $(PACKAGES) | grep -vE '$(SHARED)' | xargs -r go test $(LIMIT) -skip '$(SCALE)|$(INTEROP)'
	$(POSTGRES) go test $(RACE) $(LIMIT) -skip '$(ONE_ENGINE)|$(INTEROP)' ./internal/db
	$(POSTGRES) go test $(LIMIT) -skip '$(ONE_ENGINE)|$(SCALE)|$(INTEROP)' ./internal/store/... $(ENGINES)

long:
	scripts/test-tools
	scripts/with-postgres go test $(RACE) $(LIMIT) -skip '$(INTEROP)' $(LARGE)
	go test $(LIMIT) -run AHundredThousand ./internal/cli ./internal/ca ./internal/store
	scripts/with-postgres env $(POSTGRES) go test $(LIMIT) -run AHundredThousand ./internal/ca ./internal/store

interop:
	scripts/test-tools
	scripts/with-postgres go test $(LIMIT) -run '$(INTEROP)' ./...

lint:
	test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

build:
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/notary ./cmd/notary

fuzz:
	scripts/fuzz $(FUZZTIME)

bench:
	go run ./cmd/bench $(ARGS)
