// Command sigstore runs a program beside a real Sigstore on loopback: Fulcio and Rekor as released, with what they need
// around them. When the program has ended all of it is stopped.
//
//	sigstore -fulcio FILE -fulcio-config FILE -rekor FILE PROGRAM [ARGUMENT…]
//
// The program finds the Sigstore by its environment: SIGSTORE_TUF_URL and SIGSTORE_TUF_ROOT (a file), SIGSTORE_TOKEN_URL
// (see package issuer), and for a closer look SIGSTORE_FULCIO_URL and SIGSTORE_REKOR_URL. HTTPS_PROXY and SSL_CERT_FILE lead
// it to the issuer's keys, as they do Fulcio, and to no other host.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"k8s.io/klog/v2"
)

func main() {
	// Linux watches the thread that started a process, not the whole program; this one must live to the end.
	runtime.LockOSThread()
	fulcio := flag.String("fulcio", "", "Fulcio's `program`")
	config := flag.String("fulcio-config", "", "Fulcio's `file` of issuers")
	rekor := flag.String("rekor", "", "Rekor's `program`")
	flag.Parse()
	if *fulcio == "" || *config == "" || *rekor == "" || flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *fulcio, *config, *rekor, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, fulcio, config, rekor string, program []string) error {
	folder, err := os.MkdirTemp("", "sigstore-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := divert(filepath.Join(folder, "trillian.log")); err != nil {
		return err
	}
	services, cancel := context.WithCancel(ctx)
	s, err := begin(services, folder, fulcio, config, rekor)
	defer func() {
		cancel()
		s.wait()
	}()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(s.started)) {
		fmt.Printf("%s is ready after %v\n", name, s.started[name].Round(time.Millisecond))
	}
	if err := s.run(ctx, program); err != nil {
		return errors.Join(
			err, s.fulcio.tail(errors.New("for the case that it matters")), s.rekor.tail(errors.New("for the case that it matters")),
		)
	}
	return nil
}

// divert sends what Trillian has to say, which logs in this process, to a file; also its errors, one of which is that it
// was stopped.
func divert(path string) error {
	output, err := os.Create(path) // open until the end of the process
	if err != nil {
		return err
	}
	settings := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(settings)
	klog.SetOutput(output)
	return errors.Join(settings.Set("logtostderr", "false"), settings.Set("stderrthreshold", "FATAL"))
}

// wait waits for the ends of the programs that were started.
func (s *stack) wait() {
	for _, p := range []*process{s.fulcio, s.rekor} {
		if p != nil {
			<-p.done // exec.Cmd kills what does not end in time
		}
	}
}

// run runs the program that the Sigstore is for.
func (s *stack) run(ctx context.Context, program []string) error {
	root := filepath.Join(s.folder, "root.json")
	if err := os.WriteFile(root, s.tuf.Root, 0o600); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, program[0], program[1:]...)
	command.Env = append(
		append(os.Environ(), s.trusting...),
		"SIGSTORE_TUF_URL="+s.tuf.URL, "SIGSTORE_TUF_ROOT="+root, "SIGSTORE_TOKEN_URL="+s.tokens,
		"SIGSTORE_FULCIO_URL="+s.Fulcio, "SIGSTORE_REKOR_URL="+s.Rekor,
	)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = farewell
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(program[0]), err)
	}
	return nil
}
