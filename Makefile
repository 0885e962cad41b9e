# make test     install what the tests need, and run them all
# make lint     go vet and staticcheck
# make build    the program, in bin/notary
# make fuzz     each fuzzer for FUZZTIME
# make bench    the whole program under load, beside its budgets; ARGS='--rows 1000000' and the like

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null)
FUZZTIME    ?= 30s
PACKAGES    ?= ./...

# The store and what is above it run once on each engine. Tests of SQLite's own ways are named so.
ENGINES     := ./internal/ca ./internal/auth ./internal/jobs ./internal/rest
POSTGRES    := NOTARY_TEST_ENGINE=postgres

export PATH := $(PATH):/usr/sbin

.PHONY: test tests lint build fuzz bench

# A tool that is missing is installed first.
test:
	scripts/test-tools
	scripts/with-postgres $(MAKE) --no-print-directory tests

# With what is installed, on the PostgreSQL server of NOTARY_TEST_POSTGRES.
tests:
	go test -race -timeout 2h $(PACKAGES)
	$(POSTGRES) go test -race -timeout 2h -skip '^TestSQLite' ./internal/db ./internal/store/...
	$(POSTGRES) go test -timeout 2h -skip '^TestSQLite' $(ENGINES)
	go test -timeout 2h -run AHundredThousand ./internal/cli ./internal/store
	$(POSTGRES) go test -timeout 2h -run AHundredThousand ./internal/store

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
