# SPDX-License-Identifier: Apache-2.0
# `make help` lists the targets. Expensive build results are stored in the user's
# cache folder, keyed by their inputs; `make clean-cache` deletes them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO ?= go
TOOL := $(GO) tool -modfile=hack/tools.mod
LINT := $(GO) tool -modfile=hack/lint.mod
CLUSTER := $(GO) run ./test/cluster/cmd/cluster
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
LDFLAGS := -s -w -X github.com/superset-operator/superset-operator/internal/version.Version=$(VERSION)
# kubectl from PATH, otherwise the one that was built with the test cluster.
KUBECTL ?= $(firstword $(shell command -v kubectl || true) $(wildcard $(CURDIR)/.cluster/kubectl))
# Number of migrations per variant (plain, polite) in polite-proof.
ROUNDS ?= 20
# Platforms of the image, the folder for its OCI layout, where to push it, such as
# PUSH=registry.example.com/superset-operator:v0.1.0, and its name in the manifests.
PLATFORMS ?= linux/amd64 linux/arm64
IMAGE_DIR ?= dist/image
PUSH ?=
IMAGE ?= $(or $(PUSH),registry.example.com/superset-operator:$(VERSION))
# Time of the image: the same commit gives the same bytes.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
LABELS := title=superset-operator version=$(VERSION) licenses=Apache-2.0 \
  source=https://github.com/superset-operator/superset-operator \
  revision=$(shell git rev-parse HEAD 2>/dev/null || echo unknown)
# Flags for make model, such as MODEL="-scenario rolling -edits 2".
MODEL ?=
UNIT := ./api/... ./cmd/... ./internal/...

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: prerequisites
prerequisites:
	@command -v $(GO) >/dev/null || { echo "go is missing: install Go 1.26 or newer (Debian: apt-get install golang, or the archive of the Go project)"; exit 1; }
	@command -v git >/dev/null || { echo "git is missing: apt-get install git"; exit 1; }

# Packages that the targets below compile. The go command prints nothing during the
# minutes that the first build takes, so this target prints the progress.
COMPILED := ./test/demo ./test/cluster/cmd/cluster ./cmd/manager
.PHONY: compiled
compiled: prerequisites
	@n=0; $(GO) build -v $$($(GO) list -f '{{join .Imports " "}}' $(COMPILED)) 2>&1 | \
	  while IFS= read -r line; do \
	    case "$$line" in \
	      *[\ \#]*) echo "$$line" ;; \
	      *) n=$$((n + 1)); [ $$((n % 50)) -ne 0 ] || echo "compiling: $$n packages; now $$line" ;; \
	    esac; done

# METRICS=1 starts a Prometheus with the demo.
METRICS ?=
.PHONY: prometheus
prometheus:
	@command -v prometheus >/dev/null || { echo "prometheus is missing: apt-get install prometheus"; exit 1; }

.PHONY: demo
demo: $(if $(filter-out 0,$(METRICS)),prometheus) compiled ## Show an install, an upgrade, a failed upgrade that is rolled back, and a rollback, on a real API server; METRICS=1 adds a Prometheus
	$(GO) run ./test/demo $(if $(filter-out 0,$(METRICS)),-prometheus)

.PHONY: test
test: prerequisites cluster ## Run the unit tests, and the suites that use a real control plane
	$(GO) test $(UNIT)
	cd hack/monitoring && $(GO) test ./...
	cd hack/image && $(GO) test ./...
	cd hack/gitops && $(GO) test ./...
	$(GO) test ./hack/... ./test/bench/... ./test/demo/... ./test/docs/... ./test/images/... ./test/metastore/... ./test/model/... ./test/mutants/...
	$(GO) test -timeout 30m ./test/cluster/... ./test/integration/... ./test/campaign/...

.PHONY: test-python
test-python: ## Run the tests of the Jobs' Python and of the tool that interprets migrations, without Kubernetes and Superset (the tools are from PyPI)
	hack/python.sh pytest -q

.PHONY: test-monitoring
test-monitoring: prerequisites cluster ## Run the unit tests of the alerts and the queries of the dashboards by promtool, then read the operator by a real Prometheus (Debian: apt-get install prometheus)
	cd hack/monitoring && $(GO) test -count=1 -tags promtool ./...
	$(GO) test -count=1 -tags prometheus -run 'TestPrometheus$$' -timeout 20m ./test/integration

.PHONY: pictures
pictures: prerequisites prometheus cluster ## Plot the dashboards from a real Prometheus that reads the operator through upgrades, into docs/pictures
	PICTURES=$(CURDIR)/docs/pictures $(GO) test -count=1 -tags prometheus -run 'TestPrometheus$$' -timeout 20m ./test/integration

.PHONY: test-install
test-install: prerequisites cluster ## Lint and render the chart by Helm, and install, upgrade and uninstall the operator in each way
	cd hack/chart && $(GO) test ./...
	$(GO) test -tags install -count=1 -timeout 20m ./test/install

.PHONY: test-releases
test-releases: prerequisites cluster ## Replace the operator by one that renders everything differently, and back; limit its rollouts
	$(GO) test -tags releases -run 'TestOperatorRelease|TestReleaseOf|TestUpgradesTakeTurns' -timeout 20m ./test/integration

.PHONY: model
model: prerequisites ## Explore the state machine exhaustively, and check that each invariant kills its mutants
	$(GO) run ./test/model/cmd/model $(MODEL)

.PHONY: mutants
mutants: prerequisites cluster ## Run the checks against deliberate faults in the operator (hours); ARGS selects mutants
	$(GO) run ./test/mutants $(if $(ARGS),$(ARGS),-continue -page docs/explanation/mutants.md)

.PHONY: test-scripts
test-scripts: prerequisites ## Run the Jobs' Python scripts against real Superset releases and a real PostgreSQL (needs PyPI)
	$(GO) test -tags scripts -timeout 60m -v ./test/scripts/...

.PHONY: inspect-data
inspect-data: prerequisites ## Run preflight in real releases, and store its output as test data (needs PyPI)
	$(GO) test -tags scripts -count=1 -timeout 30m -run 'TestInspect$$' ./test/scripts -update

.PHONY: heads-data
heads-data: prerequisites ## Derive the head revision of each official release, and the table of what its revisions change, from the releases (needs PyPI)
	$(GO) test -tags scripts -count=1 -timeout 60m -run 'TestHeads$$' ./test/scripts -update

.PHONY: downgrade-data
downgrade-data: prerequisites ## Upgrade real databases to each next release and downgrade them, and write the page about the differences (needs PyPI)
	$(GO) test -tags scripts -count=1 -timeout 30m -run 'TestDowngrade$$' ./test/scripts -update

.PHONY: polite-proof
polite-proof: prerequisites ## Run plain and polite migrations of a Superset under load, ROUNDS times each, and write the page about them (needs PyPI; 30 minutes)
	$(GO) test -tags scripts -timeout 180m -run TestPoliteProof -v ./test/scripts -rounds $(ROUNDS) -table $(CURDIR)/docs/explanation/polite-migration.md

# Part of the end-to-end test to run, such as E2E=TestJourneys/skip, or
# E2E='TestJourneys/(minimal|production)' for the samples. If empty, all of it runs, and
# the page about it is written.
E2E ?=
.PHONY: e2e
e2e: prerequisites ## Run the end-to-end journeys with real Superset on a real node (needs root, Debian, PyPI); E2E selects journeys
	test/e2e/run.sh $(if $(E2E),-test.run='$(E2E)')

# Flags for a campaign or for mutants, such as "-scenario rolling -mode before -k 17".
# If empty, all of it runs, and the page about it is written.
ARGS ?=
.PHONY: campaign
campaign: prerequisites cluster ## Interrupt the operator at every write, and check that the end state is the same; ARGS selects crash points
	$(GO) run ./test/campaign $(if $(ARGS),$(ARGS),-continue -page docs/explanation/campaign.md)

# Numbers of Supersets for make bench, such as N=300 or N=100,300.
N ?= 25,100
.PHONY: bench
bench: prerequisites cluster ## Measure what N Supersets cost (N=25,100: a quarter of an hour on two cores), and write the page about it; ARGS replaces the flags, such as ARGS=-thousand
	$(GO) run ./test/bench $(if $(ARGS),$(ARGS),-n $(N) -page docs/explanation/cost.md)

.PHONY: build
build: prerequisites ## Build the manager into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/manager ./cmd/manager

.PHONY: programs
programs: prerequisites
	@for p in $(PLATFORMS); do \
	  echo "building bin/manager-$${p/\//-}"; \
	  CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -trimpath -buildvcs=false -ldflags "$(LDFLAGS)" -o bin/manager-$${p/\//-} ./cmd/manager; \
	done

.PHONY: image
image: programs ## Build the operator's image as an OCI layout in IMAGE_DIR (dist/image) and as one file next to it, without a container runtime; PUSH=registry/name:tag also pushes it
	@mkdir -p $(dir $(IMAGE_DIR))
	@$(GO) -C hack/image run . -licence $(CURDIR)/LICENSE -created $(SOURCE_DATE_EPOCH) \
	  $(foreach p,$(PLATFORMS),-program $(p)=$(CURDIR)/bin/manager-$(subst /,-,$(p))) \
	  $(foreach l,$(LABELS),-label org.opencontainers.image.$(l)) \
	  -tag $(VERSION) -layout $(abspath $(IMAGE_DIR)) -archive $(abspath $(IMAGE_DIR)).tar $(if $(PUSH),-push $(PUSH))

.PHONY: dist
dist: image ## Write a release into dist/: install.yaml, crds.yaml, the chart, the image as a file, SBOMs, the source, and SHA256SUMS
	@GO=$(GO) SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) hack/dist.sh $(VERSION) $(IMAGE) $(PLATFORMS)

.PHONY: test-dist
test-dist: prerequisites ## Build the files of a release twice from the last commit, and compare the bytes
	hack/same_bytes.sh

# The signature is keyless: its identity is that of the workflow that runs this, or of
# whoever logs in. It is public, in the log of Sigstore.
COSIGN := github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
.PHONY: sign
sign: ## Sign the pushed IMAGE by the digest of dist/image, without a key (needs Sigstore)
	image=$(IMAGE); $(GO) run $(COSIGN) sign --yes $${image%:*}@$$(sed -n 's/.*"digest": "\(sha256:[0-9a-f]*\)".*/\1/p' $(IMAGE_DIR)/index.json)

AUDIT := $(GO) tool -modfile=hack/audit.mod
.PHONY: audit
audit: prerequisites ## Lint the workflows, list the licences of what is compiled in and refuse unknown ones, and look for known vulnerabilities
	$(AUDIT) actionlint
	GO=$(GO) hack/audit.sh

.PHONY: run
run: compiled ## Run the operator against the current kubeconfig
	@test -n "$(KUBECTL)" || { echo "kubectl is missing: run \"make cluster-up\", which builds one for this target, or install it (Debian: apt-get install kubernetes-client)"; exit 1; }
	@test -n "$${KUBECONFIG:-}" -o -f "$$HOME/.kube/config" || { echo "no kubeconfig: for the test cluster, make cluster-up && export KUBECONFIG=$(CURDIR)/.cluster/kubeconfig"; exit 1; }
	$(KUBECTL) apply -f config/crd/bases
	$(GO) run ./cmd/manager -metrics-secure=false -metrics-bind-address=127.0.0.1:8080 -health-probe-bind-address=0 -zap-devel

# The kinds that have a page in docs/reference.
KINDS := Superset SupersetWebWorker SupersetAsyncWorker SupersetAsyncScheduler

.PHONY: generate
generate: ## Regenerate deepcopy, CRDs, RBAC, the reference of the API and of metrics, parity, dashboards, alerts, the diagram and the chart
	$(TOOL) controller-gen object:headerFile=hack/boilerplate.txt paths=./api/...
	$(TOOL) controller-gen crd paths=./api/... output:crd:dir=config/crd/bases
	$(TOOL) controller-gen rbac:roleName=superset-operator paths=./internal/controller/... output:rbac:dir=config/rbac
	sed 's/^kind: ClusterRole$$/kind: Role/' config/rbac/role.yaml > config/rbac/namespaced/role.yaml
	UPDATE=1 $(GO) test -count=1 -run 'TestDiagramInTheDocs' ./internal/lifecycle >/dev/null
	UPDATE=1 $(GO) test -count=1 -run 'TestPage' ./internal/metrics >/dev/null
	$(foreach kind,$(KINDS),$(GO) tool -modfile=hack/reference.mod crd-ref-docs --log-level=ERROR --source-path=api/v1alpha1 --config=hack/reference/config.yaml \
		--renderer=markdown --templates-dir=hack/reference/templates --template-value=kind=$(kind) --output-path=docs/reference/$(kind).md &&) true
	$(GO) run ./hack/parity .
	cd hack/monitoring && $(GO) run . ../../config/monitoring
	$(GO) -C hack/chart run . ../..

.PHONY: lint
lint: ## Run the linters, including the architecture rules
	$(LINT) golangci-lint run ./...
	cd hack/monitoring && $(GO) tool -modfile=../lint.mod golangci-lint run ./...
	cd hack/image && $(GO) tool -modfile=../lint.mod golangci-lint run ./...
	cd hack/chart && $(GO) tool -modfile=../lint.mod golangci-lint run ./...
	cd hack/gitops && $(GO) tool -modfile=../lint.mod golangci-lint run ./...
	hack/python.sh ruff check --no-cache
	hack/python.sh ruff format --no-cache --check
	hack/python.sh mypy --cache-dir=/dev/null

.PHONY: verify
verify: prerequisites generate test-python ## Regenerate, tidy, lint, and test the Python; fail if anything changed
	$(GO) mod tidy
	cd hack/monitoring && $(GO) mod tidy
	cd hack/image && $(GO) mod tidy
	cd hack/chart && $(GO) mod tidy
	cd hack/gitops && $(GO) mod tidy
	$(MAKE) --no-print-directory lint
	@git diff --exit-code --stat -- . || { echo "generated files or go.mod are stale: commit the changes that make verify made"; exit 1; }
	@test -z "$$(git status --porcelain --untracked-files=normal)" || { git status --short; echo "the tree is not clean: commit or ignore these files"; exit 1; }

.PHONY: cluster
cluster: compiled ## Build the programs of the test cluster (once; cached)
	$(CLUSTER) build

.PHONY: cluster-up
cluster-up: compiled ## Start a control plane with simulated nodes on loopback; writes .cluster/kubeconfig
	$(CLUSTER) up

.PHONY: cluster-down
cluster-down: ## Stop exactly the processes that cluster-up started
	$(CLUSTER) down

.PHONY: clean-cache
clean-cache: ## Delete the project's files in the user's cache folder
	$(CLUSTER) clean
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/superset-operator/python"
