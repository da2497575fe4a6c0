# The image of the action: one static binary in an empty image.
#
# GO_IMAGE is the image that builds; a release pins it by digest. GOPROXY and GOFLAGS are for networks that need them.
# GitHub's rules for such an image: no USER (the workspace and the file commands belong to root), no WORKDIR, an absolute
# entry point in exec form. There is no shell, no package and no certificate file: the roots are in the binary.
ARG GO_IMAGE=golang:1.26
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
ARG GOPROXY=
ARG GOFLAGS=
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download && go mod verify
COPY . .
ARG TARGETOS TARGETARCH
ARG VERSION=dev
# The flags make the same source the same binary, wherever it is built.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags="-s -w -buildid= -X main.version=$VERSION" -o /image/pypi-oidc-publish .
# A rehearsal keeps its index in a temporary folder, which an empty image does not have.
RUN mkdir -m 1777 /image/tmp

FROM scratch
COPY --from=build /image /
ENTRYPOINT ["/pypi-oidc-publish"]
