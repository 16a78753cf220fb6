package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is what a load generator is told on its standard input. It is a process
// of its own, so that neither its garbage nor its locks are the server's, and
// it writes HTTP/1.1 by hand over kept-alive connections: net/http's client
// would cost as much as the server and halve every figure, floors included.
type load struct {
	Addr    string        `json:"addr"`
	Path    string        `json:"path"`
	Method  string        `json:"method"`
	Header  []string      `json:"header"`
	Body    string        `json:"body"` // @id@ and @fresh@ are replaced in each request
	Want    string        `json:"want"` // must be in each answer
	Rows    int64         `json:"rows"` // ids are 1 to Rows
	Conns   int           `json:"conns"`
	Warm    time.Duration `json:"warm"`
	Measure time.Duration `json:"measure"`
}

// loaded is what it answers on its standard output.
type loaded struct {
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	All       int     `json:"all"` // requests, those before and after the measurement too
}

func runLoad(in io.Reader, out io.Writer) error {
	var l load
	if err := json.NewDecoder(in).Decode(&l); err != nil {
		return err
	}
	res, err := l.run()
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(res)
}

func (l load) run() (loaded, error) {
	var (
		stop, measuring atomic.Bool
		count           atomic.Int64
		work            sync.WaitGroup
		all             = make([][]time.Duration, l.Conns)
		errs            = make([]error, l.Conns)
	)
	for i := range l.Conns {
		c, err := dial(l.Addr)
		if err != nil {
			return loaded{}, err
		}
		work.Go(func() {
			defer c.close()
			for !stop.Load() {
				began, counts := time.Now(), measuring.Load()
				if errs[i] = l.once(c); errs[i] != nil {
					return
				}
				count.Add(1)
				if counts {
					all[i] = append(all[i], time.Since(began))
				}
			}
		})
	}
	time.Sleep(l.Warm)
	began := time.Now()
	measuring.Store(true)
	time.Sleep(l.Measure)
	measuring.Store(false)
	lasted := time.Since(began)
	stop.Store(true)
	work.Wait()
	out := summary(slices.Concat(all...), lasted)
	out.All = int(count.Load())
	return out, errors.Join(errs...)
}

func summary(took []time.Duration, lasted time.Duration) loaded {
	if len(took) == 0 {
		return loaded{}
	}
	slices.Sort(took)
	at := func(part float64) float64 {
		return float64(took[int(part*float64(len(took)-1))].Microseconds()) / 1000
	}
	return loaded{PerSecond: float64(len(took)) / lasted.Seconds(), P50: at(.5), P99: at(.99)}
}

// once sends one request, with literals that no request had before it, and
// reads the whole answer.
func (l load) once(c *client) error {
	body := strings.NewReplacer("@id@", strconv.FormatInt(rand.Int64N(max(l.Rows, 1))+1, 10), "@fresh@", strconv.FormatInt(rand.Int64N(1e12), 10)).Replace(l.Body)
	c.out = append(c.out[:0], l.Method+" "+l.Path+" HTTP/1.1\r\nHost: "+l.Addr+"\r\n"...)
	for _, h := range l.Header {
		c.out = append(append(c.out, h...), "\r\n"...)
	}
	if body != "" {
		c.out = append(strconv.AppendInt(append(c.out, "Content-Length: "...), int64(len(body)), 10), "\r\n"...)
	}
	c.out = append(append(c.out, "\r\n"...), body...)
	status, answer, err := c.do()
	if err == nil && (status != 200 || !bytes.Contains(answer, []byte(l.Want))) {
		err = fmt.Errorf("%s %s answered %d: %.300s", l.Method, l.Path, status, answer)
	}
	return err
}

// client is one kept-alive connection.
type client struct {
	net  net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

func dial(addr string) (*client, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{net: c, in: bufio.NewReader(c)}, nil
}

func (c *client) close() { _ = c.net.Close() }

// do sends what is in out and gives the status and the body, which is good
// until the next call.
func (c *client) do() (status int, body []byte, err error) {
	if _, err := c.net.Write(c.out); err != nil {
		return 0, nil, err
	}
	length, chunked := 0, false
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch name, value, _ := bytes.Cut(line, []byte(": ")); {
		case first:
			if status, err = strconv.Atoi(string(line[9:min(12, len(line))])); err != nil {
				return 0, nil, err
			}
		case len(line) == 0:
			body, err := c.read(length, chunked)
			return status, body, err
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, err = strconv.Atoi(string(value))
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

func (c *client) read(length int, chunked bool) ([]byte, error) {
	c.body = c.body[:0]
	if !chunked {
		err := c.more(length)
		return c.body, err
	}
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(string(bytes.TrimRight(line, "\r\n")), 16, 32)
		if err != nil {
			return nil, err
		}
		if err := c.more(int(n)); err != nil {
			return nil, err
		}
		if _, err := c.in.Discard(2); err != nil || n == 0 {
			return c.body, err
		}
	}
}

func (c *client) more(n int) error {
	at := len(c.body)
	c.body = slices.Grow(c.body, n)[:at+n]
	_, err := io.ReadFull(c.in, c.body[at:])
	return err
}

// child runs this program as a load generator.
func (l load) child() (loaded, error) {
	in, err := json.Marshal(l)
	if err != nil {
		return loaded{}, err
	}
	var out loaded
	err = call(&out, in, os.Args[0], "load")
	return out, err
}
