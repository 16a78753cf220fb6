package product

import "strings"

// engineTypes maps an engine's type, lower case and without its length, to
// the documented column types.
var engineTypes = map[string]string{}

func init() {
	for kind, names := range map[string]string{
		"text":    "text,string,varchar,char,character,character varying,bpchar,nchar,nvarchar,nvarchar2,varchar2,ntext,tinytext,mediumtext,longtext,clob,nclob,citext,name,uuid,uniqueidentifier,enum,set,fixedstring,long,sysname,national character varying,national character",
		"numeric": "numeric,decimal,dec,number,integer,int,int2,int4,int8,int16,int32,int64,int128,int256,uint8,uint16,uint32,uint64,uint128,uint256,bigint,smallint,tinyint,mediumint,hugeint,uhugeint,ubigint,uinteger,usmallint,utinyint,byteint,real,float,float4,float8,float32,float64,double,double precision,money,smallmoney,serial,bigserial,smallserial,binary_float,binary_double,bignumeric,bigdecimal,decimal32,decimal64,decimal128,decimal256,short,long int,oid",
		"date":    "date,datetime,datetime2,datetimeoffset,smalldatetime,timestamp,timestamptz,timestamp with time zone,timestamp without time zone,timestamp with local time zone,timestamp_ntz,timestamp_ltz,timestamp_tz,timestamp_s,timestamp_ms,timestamp_ns,time,timetz,time with time zone,time without time zone,date32,datetime64,year",
		"boolean": "boolean,bool,bit",
	} {
		for _, n := range strings.Split(names, ",") {
			engineTypes[n] = kind
		}
	}
}

// ColumnType is the documented type (text, numeric, date, boolean, unknown) of
// an engine's type as the engine spells it.
func ColumnType(engineType string) string {
	t := strings.ToLower(strings.TrimSpace(engineType))
	if strings.HasSuffix(t, "]") || strings.HasPrefix(t, "array") || strings.HasPrefix(t, "_") {
		return "unknown"
	}
	for _, wrap := range []string{"lowcardinality(", "nullable("} { // ClickHouse nests them in this order
		if inner, ok := strings.CutPrefix(t, wrap); ok {
			t = strings.TrimSuffix(inner, ")")
		}
	}
	if t == "tinyint(1)" {
		return "boolean" // how MySQL spells one
	}
	if i := strings.IndexByte(t, '('); i >= 0 {
		rest := ""
		if j := strings.LastIndexByte(t, ')'); j > i {
			rest = t[j+1:]
		}
		t = strings.TrimSpace(t[:i]) + rest // timestamp(6) with time zone
	}
	for _, suffix := range []string{" unsigned", " zerofill", " signed", " identity"} {
		t = strings.TrimSuffix(t, suffix)
	}
	if kind, ok := engineTypes[strings.Join(strings.Fields(t), " ")]; ok {
		return kind
	}
	return "unknown"
}
