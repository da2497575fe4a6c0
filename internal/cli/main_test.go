package cli_test

import (
	"os"
	"testing"

	"github.com/org/pypi-oidc-publish/internal/testkit/testmain"
)

func TestMain(m *testing.M) { os.Exit(testmain.Run(m)) }
