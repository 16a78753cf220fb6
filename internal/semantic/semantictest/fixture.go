// Package semantictest is a small shop to ask queries of, made for the ways in
// which joins count twice, and a generator of queries over it. The compiler's
// tests run the same queries on every engine.
package semantictest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

// Row is a table's row by column name; a missing one is NULL.
type Row map[string]any

// Shop is the fixture's rows by table: customers have orders and visits (a
// chasm), orders have lines (a fan), products are in lines, employees have a
// boss, and some of everything have nothing.
func Shop() map[string][]Row {
	rows := map[string][]Row{}
	add := func(table string, r Row) { rows[table] = append(rows[table], r) }
	regions := []string{"north", "south", "O'Hare \\ é%"}
	for i := 1; i <= 3; i++ {
		add("region", Row{"id": i, "name": regions[i-1], "budget": 1000.5 * float64(i)})
	}
	for i := 1; i <= 14; i++ {
		r := Row{"id": i, "name": fmt.Sprintf("cust_%d", i%9), "credit": float64(i*i%37) + 0.25, "since": fmt.Sprintf("20%02d-0%d-1%d", 20+i%4, 1+i%9, i%10)}
		if i%5 != 0 {
			r["region_id"] = 1 + i%2
		}
		if i%4 != 0 {
			r["level"] = i % 3
		}
		add("customer", r)
	}
	for i := 1; i <= 9; i++ {
		r := Row{"id": i, "name": fmt.Sprintf("emp %d", i), "salary": float64(1000 + i*i*7%300), "region_id": 1 + i%3}
		if i > 2 {
			r["boss_id"] = 1 + i%3
		}
		add("employee", r)
	}
	for i := 1; i <= 7; i++ {
		add("product", Row{"id": i, "name": fmt.Sprintf("thing %c", 'A'+i%5), "price": float64(i) * 1.5})
	}
	shopOrders(add)
	return rows
}

func shopOrders(add func(string, Row)) {
	for i := 1; i <= 40; i++ {
		r := Row{"id": i, "customer_id": 1 + i*i%11, "amount": float64(i%13) * 10.5, "placed": fmt.Sprintf("202%d-%02d-%02d", 2+i%3, 1+i*5%12, 1+i%28), "open": i%3 == 0}
		if i%7 != 0 {
			r["employee_id"] = 1 + i%7
		}
		add("orders", r)
		for k := 1; k <= i%4; k++ {
			add("order_line", Row{"order_id": i, "line_no": k, "product_id": 1 + (i+k*k)%6, "quantity": 1 + (i*k)%5})
		}
	}
	for i := 1; i <= 25; i++ {
		r := Row{"id": i, "customer_id": 1 + i*3%12, "minutes": i * 3 % 50, "day": fmt.Sprintf("2023-%02d-%02d", 1+i%12, 1+i)}
		if i%6 == 0 {
			delete(r, "minutes")
		}
		add("visit", r)
	}
}

// table is the schema's one table.
type table struct {
	name    string
	columns []string // name type
	key     []string
	foreign map[string]string
}

var tables = []table{
	{"region", []string{"id INTEGER", "name VARCHAR(40)", "budget DOUBLE PRECISION"}, []string{"id"}, nil},
	{"customer", []string{"id INTEGER", "name VARCHAR(40)", "region_id INTEGER", "credit DOUBLE PRECISION", "level INTEGER", "since DATE"}, []string{"id"}, map[string]string{"region_id": "region"}},
	{"employee", []string{"id INTEGER", "name VARCHAR(40)", "salary DOUBLE PRECISION", "region_id INTEGER", "boss_id INTEGER"}, []string{"id"}, map[string]string{"region_id": "region", "boss_id": "employee"}},
	{"product", []string{"id INTEGER", "name VARCHAR(40)", "price DOUBLE PRECISION"}, []string{"id"}, nil},
	{"orders", []string{"id INTEGER", "customer_id INTEGER", "employee_id INTEGER", "amount DOUBLE PRECISION", "placed DATE", "open BOOLEAN"}, []string{"id"}, map[string]string{"customer_id": "customer", "employee_id": "employee"}},
	{"order_line", []string{"order_id INTEGER", "line_no INTEGER", "product_id INTEGER", "quantity INTEGER"}, []string{"order_id", "line_no"}, map[string]string{"order_id": "orders", "product_id": "product"}},
	{"visit", []string{"id INTEGER", "customer_id INTEGER", "minutes INTEGER", "day DATE"}, []string{"id"}, map[string]string{"customer_id": "customer"}},
}

// Statements make and fill the tables; any of the engines takes them.
func Statements() (out []string) {
	rows := Shop()
	for _, t := range tables {
		out = append(out, "CREATE TABLE "+t.name+" ("+strings.Join(t.columns, ", ")+", PRIMARY KEY ("+strings.Join(t.key, ", ")+"))")
		for _, r := range rows[t.name] {
			var names, values []string
			for _, c := range t.columns {
				name, _, _ := strings.Cut(c, " ")
				if v, ok := r[name]; ok {
					names, values = append(names, name), append(values, literal(v))
				}
			}
			out = append(out, "INSERT INTO "+t.name+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(values, ", ")+")")
		}
	}
	return out
}

func literal(v any) string {
	switch v := v.(type) {
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// Schema is what introspection would find.
func Schema() product.Schema {
	var s product.Schema
	for _, t := range tables {
		st := product.SchemaTable{Table: product.Table{Name: t.name}, Rows: -1, PrimaryKey: t.key}
		for _, c := range t.columns {
			name, kind, _ := strings.Cut(c, " ")
			st.Columns = append(st.Columns, product.SchemaColumn{Name: name, Type: kind, Nullable: name != "id"})
			if to, ok := t.foreign[name]; ok {
				st.ForeignKeys = append(st.ForeignKeys, product.ForeignKey{Columns: []string{name}, RefTable: product.Table{Name: to}, RefColumns: []string{"id"}})
			}
		}
		s.Tables = append(s.Tables, st)
	}
	return s
}

// Model is the shop's model.
func Model(d semantic.Dialect) *semantic.Model {
	m := semantic.FromSchema(Schema(), d)
	m.Infer()
	return m
}
