package trust_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// A call is a system call as strace saw it. Threads run side by side, so each
// has the line at which it began and the one at which it was done: what a
// write put down counts from its end, what an fsync covers is what had ended
// when it began, and an answer counts from the moment it began to leave.
type call struct {
	name  string
	args  string
	value string // what it returned, with the file's name when that is a descriptor
	began int
	ended int
}

var (
	whole  = regexp.MustCompile(`^(\d+) +([a-z0-9_]+)\((.*)\) += (.*)$`)
	begun  = regexp.MustCompile(`^(\d+) +([a-z0-9_]+)\((.*?),? ?<unfinished \.\.\.>$`)
	ending = regexp.MustCompile(`^(\d+) +<\.\.\. ([a-z0-9_]+) resumed>(.*)\) += (.*)$`)
)

// readTrace reads strace's output.
func readTrace(path string) ([]*call, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var calls []*call
	open := map[string]*call{} // by thread
	lines := bufio.NewReaderSize(f, 1<<20)
	for n := 0; ; n++ {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return calls, nil
		}
		if err != nil {
			return nil, err
		}
		line = strings.TrimSuffix(line, "\n")
		if m := begun.FindStringSubmatch(line); m != nil {
			open[m[1]] = &call{name: m[2], args: m[3], began: n}
		} else if m := ending.FindStringSubmatch(line); m != nil {
			c := open[m[1]]
			if c == nil {
				return nil, fmt.Errorf("line %d resumes what did not begin", n)
			}
			delete(open, m[1])
			c.args, c.value, c.ended = c.args+m[3], m[4], n
			calls = append(calls, c)
		} else if m := whole.FindStringSubmatch(line); m != nil {
			calls = append(calls, &call{name: m[2], args: m[3], value: m[4], began: n, ended: n})
		}
	}
}

// descriptor splits 9<\x2f\x74...> into the number and the file's name.
var descriptor = regexp.MustCompile(`^(\d+)<([^>]*)>`)

func file(s string) (fd, name string) {
	m := descriptor.FindStringSubmatch(s)
	if m == nil {
		return "", ""
	}
	return m[1], plain(m[2])
}

// strings in the arguments, all of it in hex.
var quoted = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?`)

// text gives the n-th string among the arguments; cut is whether strace left
// the end of it out.
func (c *call) text(n int) (s string, cut bool) {
	m := quoted.FindAllStringSubmatch(c.args, n+1)
	if len(m) <= n {
		return "", false
	}
	return plain(m[n][1]), m[n][2] != ""
}

func plain(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] == 'x' {
			v, _ := strconv.ParseUint(s[i+2:i+4], 16, 8)
			b.WriteByte(byte(v))
			i += 4
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// last gives the last argument as a number.
func (c *call) last() int64 {
	i := strings.LastIndexByte(c.args, ',')
	n, _ := strconv.ParseInt(strings.TrimSpace(c.args[i+1:]), 10, 64)
	return n
}
