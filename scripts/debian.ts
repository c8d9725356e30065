/**
 * Packages from Debian's archive into folders of our own: source lists and state folders are temporary, so that nothing
 * of the system's package manager is touched, and nothing is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const sources = `Types: deb deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://deb.debian.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;

function run(command: string, args: readonly string[], cwd: string): string | null {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 600_000 });
  if (done.error !== undefined) return `${command}: ${done.error.message}`;
  if (done.status !== 0)
    return `${command} ended with ${done.status}: ${done.stderr.trim().split('\n').pop() ?? ''}`;
  return null;
}

/** What to fetch. */
export interface DebianEntry {
  readonly kind: 'source' | 'binary';
  /** Source package or binary package. */
  readonly name: string;
  /** How its version has to begin; null takes any. */
  readonly version: string | null;
  /** Folder that holds the unpacked tree afterwards. */
  readonly target: string;
}

function fetchOne(entry: DebianEntry, own: readonly string[], work: string): string | null {
  const dir = path.join(work, entry.name);
  mkdirSync(dir);
  const source = entry.kind === 'source';
  const command = source ? ['source', '--download-only', '-q', entry.name] : ['download', '-q', entry.name];
  const fetched = run('apt-get', [...own, ...command], dir);
  if (fetched !== null) return fetched;
  const file = readdirSync(dir).find((f) => f.endsWith(source ? '.dsc' : '.deb'));
  if (file === undefined) return `apt-get fetched nothing for ${entry.name}`;
  if (entry.version !== null && !file.startsWith(`${entry.name}_${entry.version}`)) {
    return `Debian gives ${file}, but ${entry.name} ${entry.version} is wanted: this system is not bookworm.`;
  }
  const unpacked = `${entry.target}.${process.pid}`;
  mkdirSync(path.dirname(entry.target), { recursive: true });
  const extracted = source
    ? run('dpkg-source', ['-q', '-x', file, unpacked], dir)
    : run('dpkg-deb', ['-x', file, unpacked], dir);
  if (extracted !== null) return extracted;
  // Whole or not at all, whoever else is fetching.
  if (existsSync(entry.target)) rmSync(unpacked, { recursive: true, force: true });
  else renameSync(unpacked, entry.target);
  return null;
}

/** Fetches and unpacks the entries. Returns null, or one line that says why it could not. */
export function fetchFromDebian(entries: readonly DebianEntry[], log: (line: string) => void): string | null {
  for (const tool of ['apt-get', 'dpkg-source', 'dpkg-deb']) {
    if (spawnSync(tool, ['--version'], { encoding: 'utf8' }).error !== undefined) {
      return `${tool} is not installed: this comes from Debian's packages. Run it on Debian 12 or a derivative.`;
    }
  }
  const work = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-debian-'));
  try {
    mkdirSync(path.join(work, 'lists', 'partial'), { recursive: true });
    mkdirSync(path.join(work, 'archives', 'partial'), { recursive: true });
    const list = path.join(work, 'debian.sources');
    writeFileSync(list, sources);
    const own = [
      '-o', `Dir::Etc::SourceList=${list}`,
      '-o', 'Dir::Etc::SourceParts=/dev/null',
      '-o', `Dir::State::Lists=${path.join(work, 'lists')}`,
      '-o', `Dir::Cache=${work}`,
      '-o', `Dir::Cache::archives=${path.join(work, 'archives')}`,
      '-o', 'APT::Sandbox::User=',
      '-o', 'Acquire::Languages=none',
    ]; // biome-ignore format: pairs
    log('Fetching the lists of packages');
    const updated = run('apt-get', [...own, 'update', '-q'], work);
    if (updated !== null) return `${updated}. Is the network reachable?`;
    for (const entry of entries) {
      log(`Fetching ${entry.name}${entry.version === null ? '' : ` ${entry.version}`}`);
      const problem = fetchOne(entry, own, work);
      if (problem !== null) return problem;
    }
    return null;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
