package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// call runs a program, gives it in, and decodes the one JSON value it prints.
func call(out any, in []byte, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(name), args[0], err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s %s printed %.200q: %w", filepath.Base(name), args[0], text, err)
	}
	return nil
}

// process is a server that this program started and ends.
type process struct {
	cmd  *exec.Cmd
	addr string
}

// start runs a server; its output goes to a file in dir.
func start(log string, name string, args ...string) (*process, error) {
	f, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = f, f
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd}, f.Close()
}

func (p *process) stop() {
	if p == nil || p.cmd.Process == nil {
		return
	}
	// Not an interrupt: a shell starts background jobs with it ignored, and the
	// floor, which handles no signal, would go on ignoring it.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// freeAddr gives a loopback address that nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close() //nolint:errcheck // only its number is wanted
	return l.Addr().String(), nil
}

// await asks a URL until it answers 200, and gives how long that took.
func await(url string, from time.Time, most time.Duration) (time.Duration, error) {
	client := &http.Client{Timeout: time.Second}
	for time.Since(from) < most {
		res, err := client.Get(url)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return time.Since(from), nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	return 0, fmt.Errorf("%s did not answer within %s", url, most)
}

// pss is the memory of a process and all its children, in MiB: what they share
// is counted once, in parts.
func pss(pid int) (float64, error) {
	own, err := pssOf(pid)
	if err != nil {
		return 0, err
	}
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return 0, err
	}
	for _, t := range tasks {
		text, err := os.ReadFile(t)
		if err != nil {
			continue // the thread has ended
		}
		for _, child := range strings.Fields(string(text)) {
			id, err := strconv.Atoi(child)
			if err != nil {
				return 0, err
			}
			if n, err := pss(id); err == nil {
				own += n
			}
		}
	}
	return own, nil
}

func pssOf(pid int) (float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // read-only
	s := bufio.NewScanner(f)
	for s.Scan() {
		if name, rest, _ := strings.Cut(s.Text(), ":"); name == "Pss" {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 64)
			return kib / 1024, err
		}
	}
	return 0, errors.Join(s.Err(), errors.New("smaps_rollup has no Pss"))
}

// settle waits until a process does nothing: a server that was just started
// compiles its SQL grammar beside answering, which is not what is measured.
func settle(pid int, most time.Duration) error {
	before, calm := 0, 0
	for range int(most / (200 * time.Millisecond)) {
		ticks, err := cpu(pid)
		if err != nil {
			return err
		}
		if calm++; ticks > before+1 {
			calm = 0
		}
		if calm == 5 {
			return nil
		}
		before = ticks
		time.Sleep(200 * time.Millisecond)
	}
	return fmt.Errorf("the server was still busy after %s", most)
}

// cpu is the processor time of a process, in hundredths of a second.
func cpu(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat is not as expected")
	}
	user, uerr := strconv.Atoi(fields[11])
	system, serr := strconv.Atoi(fields[12])
	return user + system, errors.Join(uerr, serr)
}

// peak samples a process's memory until stop is called, which gives the most.
func peak(pid int) (stop func() float64) {
	done, out := make(chan struct{}), make(chan float64)
	go func() {
		most := 0.0
		for {
			if n, err := pss(pid); err == nil {
				most = max(most, n)
			}
			select {
			case <-done:
				out <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() float64 {
		close(done)
		return <-out
	}
}
