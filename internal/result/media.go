package result

import (
	"mime"
	"strings"
)

// csvParameter holds, in the content type of a kept result, the types of its
// columns, a letter each, which CSV itself cannot say; cutParameter that the
// result was cut off at a row limit.
const (
	csvParameter = "postern-columns"
	cutParameter = "postern-capped"
)

var typeLetters = map[string]byte{
	"integer": 'i', "number": 'n', "boolean": 'b', "string": 's', "date": 'd', "timestamp": 't', "time": 'c', "binary": 'x', "json": 'j',
}

func csvMedia(cols []Column, capped bool) string {
	letters := make([]byte, len(cols))
	for i, c := range cols {
		if letters[i] = typeLetters[c.Type]; letters[i] == 0 {
			letters[i] = 's'
		}
	}
	params := map[string]string{"charset": "utf-8"}
	if len(cols) > 0 {
		params[csvParameter] = string(letters)
	}
	if capped {
		params[cutParameter] = "1"
	}
	return mime.FormatMediaType("text/csv", params)
}

// Media is the asset's content type as it is served: without what is only for
// reading it again.
func (a Asset) Media() string {
	media, params, err := mime.ParseMediaType(a.ContentType)
	if err != nil {
		return a.ContentType
	}
	delete(params, csvParameter)
	delete(params, cutParameter)
	return mime.FormatMediaType(media, params)
}

// CSVTypes gives the types of a kept result's columns, nil where they are not
// known, and whether a row limit cut the result.
func (a Asset) CSVTypes() (types []string, capped bool) {
	_, params, err := mime.ParseMediaType(a.ContentType)
	if err != nil {
		return nil, false
	}
	for _, letter := range []byte(params[csvParameter]) {
		name := "string"
		for n, l := range typeLetters {
			if l == letter {
				name = n
			}
		}
		types = append(types, name)
	}
	return types, strings.TrimSpace(params[cutParameter]) != ""
}
