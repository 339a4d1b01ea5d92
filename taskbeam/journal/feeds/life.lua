-- The life of the server, if whoever calls this script knows it.

local life = ARGV[GIVEN_LIFE]
if life == '' then
  life = nil
end
