// What every DuckDB that is opened here is told.

/** Nothing spills to disk, nothing is fetched, nothing is kept. */
export const DUCKDB_SETTINGS = {
  temp_directory: '',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  allow_community_extensions: 'false',
  allow_persistent_secrets: 'false',
};
