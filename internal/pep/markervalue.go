package pep

import (
	"strings"
	"sync"
)

// environment has the values of one system, or of one implementation of Python, by variable. The sources are the documentation of
// sys.platform, os.name and platform.system (https://docs.python.org/3/library/sys.html#sys.platform), and PEP 508.
type environment map[string]string

// environments returns the systems and implementations whose values are known. Others are not told from misspelled ones.
var environments = sync.OnceValue(func() []environment {
	return []environment{
		{"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
		{"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
		{"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
		{"sys_platform": "android", "platform_system": "Android", "os_name": "posix"},
		{"sys_platform": "ios", "platform_system": "iOS", "os_name": "posix"},
		{"sys_platform": "emscripten", "platform_system": "Emscripten", "os_name": "posix"},
		{"sys_platform": "aix", "platform_system": "AIX", "os_name": "posix"},
		{"platform_python_implementation": "CPython", "implementation_name": "cpython"},
		{"platform_python_implementation": "PyPy", "implementation_name": "pypy"},
		{"platform_python_implementation": "Jython", "implementation_name": "jython"},
		{"platform_python_implementation": "IronPython", "implementation_name": "ironpython"},
		{"platform_machine": "x86_64"},
		{"platform_machine": "aarch64"},
		{"platform_machine": "ppc64le"},
		{"platform_machine": "s390x"},
		{"platform_machine": "i686"},
		{"platform_machine": "armv7l"},
		{"platform_machine": "riscv64"},
	}
})

// valueInstead reports whether a variable certainly never has a value, and returns the value that it has on the system, or with the
// implementation, that the value is for. That is empty if the value is for several.
func valueInstead(variable, value string) (instead string, never bool) {
	rights := map[string]bool{}
	for _, e := range environments() {
		right, has := e[variable]
		switch {
		case right == value && has:
			return "", false
		case has && e.names(value):
			rights[right], instead = true, right
		}
	}
	if len(rights) > 1 {
		instead = ""
	}
	return instead, len(rights) > 0
}

// names reports whether one of the values is this one, in any letter case.
func (e environment) names(value string) bool {
	for _, own := range e {
		if strings.EqualFold(own, value) {
			return true
		}
	}
	return false
}
