package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// download is what a reader of a large result is told on its standard input.
type download struct {
	URL    string `json:"url"`
	Token  string `json:"token"`
	Accept string `json:"accept"`
	SQL    string `json:"sql"`
	Count  bool   `json:"count"` // count the rows, which takes time of its own
}

// downloaded is what it answers.
type downloaded struct {
	Seconds float64 `json:"seconds"`
	Bytes   int64   `json:"bytes"`
	Rows    int64   `json:"rows"`
}

func runDownload(in io.Reader, out io.Writer) error {
	var d download
	if err := json.NewDecoder(in).Decode(&d); err != nil {
		return err
	}
	res, err := d.run()
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(res)
}

func (d download) run() (out downloaded, err error) {
	body, err := json.Marshal(map[string]string{"sql": d.SQL})
	if err != nil {
		return out, err
	}
	req, err := http.NewRequest(http.MethodPost, d.URL, bytes.NewReader(body))
	if err != nil {
		return out, err
	}
	req.Header.Set("Authorization", "Bearer "+d.Token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", d.Accept)
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, ReadBufferSize: 256 << 10}}
	began := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return out, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		return out, fmt.Errorf("%s answered %s: %s", d.URL, res.Status, text)
	}
	counted := &counter{r: res.Body}
	out.Rows, err = d.read(counted)
	out.Bytes, out.Seconds = counted.n, time.Since(began).Seconds()
	return out, err
}

func (d download) read(r io.Reader) (rows int64, err error) {
	switch {
	case !d.Count:
		_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, make([]byte, 256<<10))
		return 0, err
	case strings.Contains(d.Accept, "csv"):
		s := bufio.NewScanner(r)
		for s.Scan() {
			rows++
		}
		return rows - 1, s.Err()
	}
	ar, err := ipc.NewReader(r)
	if err != nil {
		return 0, err
	}
	defer ar.Release()
	for ar.Next() {
		rows += ar.RecordBatch().NumRows()
	}
	if err := ar.Err(); err != nil && !errors.Is(err, io.EOF) {
		return rows, err
	}
	return rows, nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// child runs this program as the reader.
func (d download) child() (downloaded, error) {
	in, err := json.Marshal(d)
	if err != nil {
		return downloaded{}, err
	}
	var out downloaded
	err = call(&out, in, os.Args[0], "download")
	return out, err
}
