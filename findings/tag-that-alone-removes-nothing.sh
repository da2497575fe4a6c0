#!/usr/bin/env bash
# grpc's build tag for smaller programs makes none smaller, as long as protobuf is older than v1.36.12
#
# Expected: a program built with the tag grpcnotrace is linked without the methods that nothing calls. grpc has the tag for this: its source
#           says that it enables dead code elimination, for a tenth or more of the size.
# Seen:     the linker keeps all exported methods of all types if one reachable function looks up a method by a name that is not constant.
#           grpc's tracing has such functions, and protobuf v1.36.11 has one as well. With the tag alone, or with protobuf v1.36.12
#           alone, the program keeps the methods; only both together remove them.
# Affects:  whoever measures the tag, finds that it gains nothing, and drops it; the program here has 15 MB with them and 11 MB without.
# Date:     2026-11-30
# Versions: Go 1.26.8; Go modules: google.golang.org/grpc v1.82.1, google.golang.org/protobuf v1.36.11 and v1.36.12
# Sources:  grpc, trace_notrace.go; Go, cmd/link, the flag -dumpdep
# shellcheck source=SCRIPTDIR/common.bash
. "$(dirname "$0")/common.bash"

go_module google.golang.org/grpc@v1.82.1 google.golang.org/protobuf@v1.36.11

cat >go/main.go <<'GO'
// A client of a service that answers whether a server is well. It is linked only.
package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	client, err := grpc.NewClient("127.0.0.1:1", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	answer, err := grpc_health_v1.NewHealthClient(client).Check(context.Background(), &grpc_health_v1.HealthCheckRequest{})
	fmt.Println(answer.GetStatus(), err)
}
GO

for version in v1.36.11 v1.36.12; do
	go -C go mod edit -require google.golang.org/protobuf@$version
	for tag in '' grpcnotrace; do
		go -C go build -tags "$tag" -ldflags=-dumpdep -o "$scratch/program" . >links.log 2>&1 || untried links.log
		kept=removed
		if grep -q '<ReflectMethod>' links.log; then kept=kept; fi
		echo "protobuf $version, ${tag:-no tag}: methods that nothing calls are $kept"
	done
done >seen

still <<'SEEN'
protobuf v1.36.11, no tag: methods that nothing calls are kept
protobuf v1.36.11, grpcnotrace: methods that nothing calls are kept
protobuf v1.36.12, no tag: methods that nothing calls are kept
protobuf v1.36.12, grpcnotrace: methods that nothing calls are removed
SEEN
