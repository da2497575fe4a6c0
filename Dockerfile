# The image of the action: one static binary in an empty image. GitHub's runner builds it where the action is used by a branch or as
# a local action; a release names an image by its digest.
#
# GO_IMAGE is the image that builds where the runner does, by default the one below, by its digest. A release is not made of it: .ci/image assembles that from Go and this source
# alone. GOPROXY and GOFLAGS are for networks that need them.
# GitHub's rules for such an image: no USER (the workspace and the file commands belong to root), no WORKDIR, an absolute
# entry point in exec form. There is no shell, no package and no certificate file: the roots are in the binary.
ARG GO_IMAGE=go
FROM --platform=$BUILDPLATFORM golang:1.26.8@sha256:0f063af2d465d8dcae54cce04278ada488b96f77b42449c8d071e47d016cc65a AS go
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
ARG GOPROXY=
ARG GOFLAGS=
WORKDIR /src
COPY go.mod go.sum ./
COPY internal/replaced internal/replaced
RUN go mod download && go mod verify
COPY . .
ARG TARGETOS TARGETARCH
ARG VERSION=dev
# The tags leave out what the program does not use: grpc's tracer, which keeps every exported method of the libraries in the program, and
# HTTP/2. All that is built as a release is built with the tags of this line: .ci/image and .ci/binaries read it.
ARG TAGS=grpcnotrace,nethttpomithttp2
# Functions are not inlined where they are called rarely: in libraries, in all packages here but those that read, hash and send, and in those
# of the standard library that parse, print and make connections. What works on every byte is compiled as always: hashes, ciphers,
# compression, the runtime. OpenTelemetry's names are too: only inlined are they data, which the linker can leave out, and not code that
# runs at every start. The program is three quarters of a megabyte smaller, and no slower (docs/performance.md).
ARG GCFLAGS="-gcflags=github.com/...=-l -gcflags=google.golang.org/...=-l -gcflags=go.yaml.in/...=-l -gcflags=golang.org/x/net/...=-l -gcflags=go.opentelemetry.io/...=-l -gcflags=go.opentelemetry.io/otel/attribute/...= -gcflags=go.opentelemetry.io/otel/semconv/...= -gcflags=encoding/json=-l -gcflags=encoding/xml=-l -gcflags=encoding/gob=-l -gcflags=encoding/asn1=-l -gcflags=encoding/pem=-l -gcflags=encoding/csv=-l -gcflags=crypto/x509/...=-l -gcflags=crypto/tls/...=-l -gcflags=net/http/...=-l -gcflags=text/...=-l -gcflags=html/...=-l -gcflags=mime/...=-l -gcflags=golang.org/x/crypto/...=-l -gcflags=golang.org/x/text/...=-l -gcflags=net/...=-l -gcflags=math/big=-l -gcflags=log/...=-l -gcflags=vendor/...=-l -gcflags=regexp/syntax=-l -gcflags=os/...=-l -gcflags=internal/poll=-l -gcflags=context=-l -gcflags=flag=-l -gcflags=crypto/rsa=-l -gcflags=crypto/ecdsa=-l -gcflags=crypto/ecdh=-l -gcflags=crypto/elliptic=-l -gcflags=crypto/ed25519=-l -gcflags=runtime/debug=-l -gcflags=fmt=-l -gcflags=golang.org/x/mod/...=-l -gcflags=golang.org/x/sync/...=-l -gcflags=golang.org/x/sys/...=-l -gcflags=golang.org/x/term/...=-l -gcflags=golang.org/x/oauth2/...=-l -gcflags=k8s.io/...=-l -gcflags=time=-l -gcflags=path/...=-l -gcflags=io/fs=-l -gcflags=sort=-l -gcflags=container/...=-l -gcflags=internal/godebug=-l -gcflags=github.com/org/pypi-oidc-publish/internal/archive/...= -gcflags=github.com/org/pypi-oidc-publish/internal/distfile/...= -gcflags=github.com/org/pypi-oidc-publish/internal/localfile/...= -gcflags=github.com/org/pypi-oidc-publish/internal/pep/...= -gcflags=github.com/org/pypi-oidc-publish/internal/pep/rst=-l -gcflags=github.com/org/pypi-oidc-publish/internal/secretscan/...= -gcflags=github.com/org/pypi-oidc-publish/internal/wire/...="
# The flags make the same source the same binary, wherever it is built.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -tags "$TAGS" $GCFLAGS -trimpath -buildvcs=false -ldflags="-s -w -buildid= -X main.version=$VERSION" -o /image/pypi-oidc-publish .
# A rehearsal keeps its index in a temporary folder, which an empty image does not have. The times are fixed so that the same source
# is the same layer.
ARG SOURCE_DATE_EPOCH=0
RUN mkdir -m 1777 /image/tmp && touch -d "@$SOURCE_DATE_EPOCH" /image/tmp /image/pypi-oidc-publish

# This stage is read by .ci/image too, which assembles the released image of all architectures without an engine.
FROM scratch
ARG VERSION=dev
ARG SOURCE=
ARG REVISION=
LABEL org.opencontainers.image.title="pypi-oidc-publish"
LABEL org.opencontainers.image.description="Publishes Python distributions to PyPI by Trusted Publishing, from GitHub Actions"
LABEL org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.source="$SOURCE"
LABEL org.opencontainers.image.url="$SOURCE"
LABEL org.opencontainers.image.documentation="$SOURCE#readme"
LABEL org.opencontainers.image.version="$VERSION"
LABEL org.opencontainers.image.revision="$REVISION"
COPY --from=build /image /
ENTRYPOINT ["/pypi-oidc-publish"]
