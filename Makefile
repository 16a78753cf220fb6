# Every target is what CI runs. README names two: make demo, make test.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
# arrow_json_stdlib spares a cold build 14 s of processor: Arrow then uses the
# standard JSON package, which nothing here calls for results.
TAGS := duckdb_arrow,arrow_json_stdlib
BIN := bin/postern
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
STEP := scripts/step

# Packages that link no heavy driver run with the race detector; the others
# would build SQLite or DuckDB a second time for it.
RACE := ./internal/fault ./internal/secret ./internal/sqlfacts ./internal/audit ./internal/product ./internal/policy ./internal/auth ./internal/keyring ./internal/credential ./internal/result ./internal/rank ./internal/stats ./internal/chat/... ./internal/tool ./internal/gateway ./internal/server/... ./internal/warehouse

.PHONY: build demo run test check fuzz integration bench trust questions conformance docs clean

build: ## bin/postern, with DuckDB in
	go build -trimpath -tags $(TAGS) -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/postern

demo: build ## the main job on this machine, on real data
	$(BIN) demo

run: build
	$(BIN) serve

test: ## everything that must hold on a fresh machine
	$(STEP) "PostgreSQL for tests" scripts/postgres
	$(STEP) "strace for tests" scripts/strace
	$(STEP) "build" $(MAKE) --no-print-directory build
	$(STEP) "unit, wire, store, drivers, scripts" env POSTERN_BIN=$(CURDIR)/$(BIN) go test -tags $(TAGS) -timeout 20m ./...
	$(STEP) "race detector" env CGO_ENABLED=1 go test -race -timeout 20m $(RACE)

check: ## format, vet, static analysis, builds without cgo
	$(STEP) "gofmt" scripts/gofmt
	$(STEP) "vet" go vet -tags $(TAGS) ./...
	$(STEP) "staticcheck" go tool -modfile=tools/go.mod staticcheck -tags $(TAGS) ./...
	$(STEP) "errcheck" go tool -modfile=tools/go.mod errcheck -tags $(TAGS) -ignoretests -exclude tools/errcheck.txt ./...
	$(STEP) "modules are tidy" scripts/tidy
	$(STEP) "build without cgo" env CGO_ENABLED=0 go build -o /dev/null ./cmd/postern

docs: ## write the generated parts of the documents, and NOTICE
	go test -tags $(TAGS) ./cmd/postern -run Docs -update-docs
	go test ./internal/policy -run Docs -update-docs
	scripts/notice

fuzz: ## each fuzz target for a minute
	scripts/fuzz 60s

integration: build ## published clients, a browser
	test/integration

bench: build ## figures beside floors measured in the same run
	test/bench/run

trust: build ## timed and long rows of the threat table
	test/trust/run

questions: build ## the demo's questions: correct, wrong, abstained
	go run -tags $(TAGS) ./test/demo

conformance: build ## other people's suites
	test/conformance

clean:
	rm -rf bin
