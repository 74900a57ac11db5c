"""nginx, lighttpd and our file server, all set up the same way.

One worker, access log off, keep-alive without a limit that the load would meet,
the same document root. sendfile is on (with tcp_nopush, which costs nginx two
calls a request and saves it a packet: measured cheaper than without); one more
nginx has it off, which is cheaper for files of a few KiB.
"""

import getpass
import os
import urllib.request

from benchmarks.run import contestants
from benchmarks.run.server import BenchmarkError, free_port

_NGINX = '''
daemon off;
{user}
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  sendfile {sendfile};
  tcp_nopush on;
  keepalive_requests 1000000000;
  keepalive_timeout 600;
  default_type application/octet-stream;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  {extra}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {root};
  }}
}}
'''

_LIGHTTPD = '''
server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
server.network-backend = "sendfile"
server.max-connections = 16384
server.max-fds = 20000
server.listen-backlog = 4096
server.max-keep-alive-requests = 65535
server.max-keep-alive-idle = 600
mimetype.assign = ( "" => "application/octet-stream" )
'''


def _probe(root):
  """Every file that is small enough must come back as it is."""
  small = [f for f in root.iterdir() if f.stat().st_size <= 1 << 20]

  def probe(port):
    for file in small:
      url = f'http://127.0.0.1:{port}/{file.name}'
      with urllib.request.urlopen(url, timeout=5) as answer:
        if answer.read() != file.read_bytes():
          raise BenchmarkError(f'{url} is not the file')

  return probe


_FILES_KEPT_OPEN = 'open_file_cache max=1000 inactive=600s;'


def _nginx(name, root, extra='', sendfile='on'):
  def command(directory):
    port = free_port()
    # Started by root, the worker would change to a user who may not read.
    user = f'user {getpass.getuser()};' if os.geteuid() == 0 else ''
    config = directory / 'nginx.conf'
    config.write_text(_NGINX.format(directory=directory, port=port, root=root,
                                    user=user, extra=extra,
                                    sendfile=sendfile))
    return [contestants.find_program('nginx'), '-p', directory, '-c', config,
            '-e', 'stderr'], port

  return contestants.installed(name, 'nginx', 'nginx-light', command,
                               probe=_probe(root))


def _lighttpd(root):
  def command(directory):
    port = free_port()
    config = directory / 'lighttpd.conf'
    config.write_text(_LIGHTTPD.format(port=port, root=root))
    return [contestants.find_program('lighttpd'), '-D', '-f', config], port

  return contestants.installed('lighttpd', 'lighttpd', 'lighttpd', command,
                               probe=_probe(root))


def everybody(root):
  """The contestants that serve `root`."""
  return [
      _nginx('nginx', root),
      _nginx('nginx cached', root, _FILES_KEPT_OPEN),
      _nginx('nginx cached copying', root, _FILES_KEPT_OPEN, sendfile='off'),
      _lighttpd(root),
      contestants.built('kingpin', 'apps/file_server/file_server',
                        '--root', str(root), '--port', '0', '--threads', '1',
                        port_pattern=r'listening\b.*?(\d+)/?$',
                        probe=_probe(root)),
  ]
