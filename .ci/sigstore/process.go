package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	startTimeout = 30 * time.Second // until a service must be ready; a second is usual
	farewell     = 5 * time.Second  // between the wish that a process ends and its end
	lines        = 20               // of a log's end that an error shows
	columns      = 400              // of each; what follows is the stack of the program's own trouble
)

// process is a running program, whose output goes to a file.
type process struct {
	name, log string
	done      chan struct{} // closed when the program has ended
}

// start starts a program, which is told to stop when ctx ends. What it inherits of the environment is only env, so that no
// proxy of this machine is used, and it cannot outlive this process (main holds the thread that Linux watches for that).
func start(ctx context.Context, folder string, env []string, program string, arguments ...string) (*process, error) {
	p := &process{name: filepath.Base(program), done: make(chan struct{})}
	p.log = filepath.Join(folder, p.name+".log")
	output, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer output.Close() // the program has its own copy
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir, command.Env, command.Stdout, command.Stderr = folder, env, output, output
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = farewell
	if err := command.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		_ = command.Wait() // that it ended is what matters, and its log says why
	}()
	return p, nil
}

// ready waits until the address answers 200, and returns how long it took.
func (p *process) ready(ctx context.Context, address string) (time.Duration, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := answers(ctx, address)
		if err == nil {
			return time.Since(began), nil
		}
		select {
		case <-p.done:
			return 0, p.tail(errors.New("it ended"))
		case <-ctx.Done():
			return 0, p.tail(fmt.Errorf("not ready after %v: %w", startTimeout, err))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func answers(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

// tail returns the error with the end of the program's log after it.
func (p *process) tail(err error) error {
	text, readErr := os.ReadFile(p.log)
	if readErr != nil {
		return fmt.Errorf("%s: %w (and its log cannot be read: %w)", p.name, err, readErr)
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	all = all[max(0, len(all)-lines):]
	for n, line := range all {
		all[n] = line[:min(len(line), columns)]
	}
	return fmt.Errorf("%s: %w; the end of its log:\n%s", p.name, err, strings.Join(all, "\n"))
}

// freePorts returns ports of loopback that are free. Another program may take one before it is used; then the
// service does not start and says so.
func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		at, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer at.Close() // all at the end, so that no port comes twice
		_, port, err := net.SplitHostPort(at.Addr().String())
		if err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	return ports, nil
}
