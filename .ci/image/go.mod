// The tool that assembles the image, apart from the program: it has no dependency, and nothing of the program in it.
module github.com/org/pypi-oidc-publish/ci/image

go 1.26.0

toolchain go1.26.8
